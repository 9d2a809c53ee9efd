"""The cost of our sweep until it equals a random search, and the speedup by two workers."""
