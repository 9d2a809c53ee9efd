"""Packages of released models: what they hold, and what tells that nothing changed."""
