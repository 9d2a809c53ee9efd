"""The decision, gate by gate, and what else is known."""
