"""Fuzzing: mutated pictures, IDX files, parameters and models."""
