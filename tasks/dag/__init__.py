"""The plumbing of any such pipeline: what a step promises and how the promise is kept. Knows nothing of images."""
