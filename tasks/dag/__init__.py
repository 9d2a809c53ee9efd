"""The plumbing of steps: what they promise and how they are held to it."""
