"""How data grow: what moves, and what it costs."""
