"""Synthetic labelled images, for tests and for machines without network."""
