"""One self-contained HTML page from what the steps recorded, and nothing else."""
