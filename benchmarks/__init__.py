"""Side-by-side measurements, each a command that writes its result below `benchmarks/results`."""
