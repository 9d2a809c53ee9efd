"""The result of every step as one frozen type: written by the step, read by all."""
