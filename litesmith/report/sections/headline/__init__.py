"""The verdict, the budget and the headline table."""
