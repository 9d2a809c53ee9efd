"""What a device offers and what a file needs of it."""
