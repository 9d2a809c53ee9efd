"""The data set and its validation."""
