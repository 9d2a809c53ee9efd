"""What is recorded of the file that ships, and of the files beside it."""
