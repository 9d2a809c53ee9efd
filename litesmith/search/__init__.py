"""The search for a network within the device's limits."""
