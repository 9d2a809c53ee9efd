"""How often the facts on test images speak for what they should not."""
