"""What pruning and dropout did."""
