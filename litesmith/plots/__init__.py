"""Figures of a page: the numbers that each one shows, apart from its drawing."""
