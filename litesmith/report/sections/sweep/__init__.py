"""The search and its trials."""
