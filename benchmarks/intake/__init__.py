"""What the judgement of batches finds, and what it costs."""
