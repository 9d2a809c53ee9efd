"""The rooms: one module for each step, files in and files out. None imports another, none imports Prefect."""
