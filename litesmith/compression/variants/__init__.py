"""Variants of the winner that are fine-tuned for conversion, one module each."""
