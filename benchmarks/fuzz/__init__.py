"""Fuzzing: mutated pictures, IDX files, parameters and models, each of which must be answered or refused."""
