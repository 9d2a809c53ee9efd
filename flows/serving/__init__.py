"""Prefect's server and worker, and the environment they run in."""
