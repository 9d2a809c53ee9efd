"""The steps, one module each: files in and files out. None imports another."""
