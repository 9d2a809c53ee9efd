"""Pruning, and fine-tuning for conversion."""
