"""The rooms: one module for each step, files in and files out. None imports another, none imports Prefect."""

import time

# When this process began to work, by `time.perf_counter`.
BEGAN_S = time.perf_counter()
