"""What our sweep costs until it equals a random search, and what two workers of one thread bring."""
