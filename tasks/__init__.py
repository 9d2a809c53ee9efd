"""The steps of the pipeline, files in and files out, with their plumbing; no Prefect."""

import time

# When this process began to work, by `time.perf_counter`.
BEGAN_S = time.perf_counter()
