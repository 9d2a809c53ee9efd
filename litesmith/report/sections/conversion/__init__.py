"""The converted files, and the choice among them."""
