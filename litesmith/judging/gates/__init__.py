"""One module for each gate, and their registry."""
