"""Every variant and file, and what compression cost."""
