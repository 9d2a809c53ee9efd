"""Decisions on models, and what is in service."""
