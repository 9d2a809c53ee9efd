"""What changed since the reference run."""
