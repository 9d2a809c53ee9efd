"""Runs that are killed in every stage, and the bytes of the next one."""
