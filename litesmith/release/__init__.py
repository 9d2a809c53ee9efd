"""Packages of released models, and their checks."""
