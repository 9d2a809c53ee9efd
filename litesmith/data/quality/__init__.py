"""Judging images and batches of them before anything is trained."""
