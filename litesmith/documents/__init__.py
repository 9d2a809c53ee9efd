"""Texts made from results: README table, notes, history and the refusal page."""
