"""Packages of released models, and their registry."""
