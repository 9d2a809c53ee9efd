"""Statistics of results, with NumPy and SciPy alone."""
