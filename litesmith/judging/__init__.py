"""The decision on a candidate, by gates."""
