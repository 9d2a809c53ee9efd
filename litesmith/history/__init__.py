"""Runs of the past: their index, and the comparison of two of them."""
