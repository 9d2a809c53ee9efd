"""Plumbing of steps: declarations, checks, locks and generated stages."""
