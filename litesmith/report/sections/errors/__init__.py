"""What the final file gets wrong."""
