"""Packages of released models, and the registry that says which of them is in service."""
