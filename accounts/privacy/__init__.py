"""What is kept of people: sealed, shown, erased, and said."""
