"""What the gates promote and hold of candidates whose truth is known."""
