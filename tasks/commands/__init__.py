"""The commands of ``python -m tasks`` that are not steps."""
