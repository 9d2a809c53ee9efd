"""Learning curves and the cost of each step."""
