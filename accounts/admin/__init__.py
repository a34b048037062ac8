"""Code that the admin pages of all rooms share."""
