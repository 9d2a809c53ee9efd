"""Whole runs on data sets of many forms."""
