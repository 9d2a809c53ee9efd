"""The network that ships, operator by operator."""
