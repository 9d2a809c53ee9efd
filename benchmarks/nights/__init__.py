"""Nights in a row: what becomes of decisions, models and their history."""
