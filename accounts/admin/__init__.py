"""What the admin pages of all rooms share."""
