"""The result of every step as one frozen type."""
