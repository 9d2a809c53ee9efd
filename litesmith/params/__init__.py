"""Parameters: types, bounds and meaning. Their values live in ``params.yaml`` alone."""
