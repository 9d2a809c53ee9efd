"""The headline: baseline against optimized."""
