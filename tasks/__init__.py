"""Steps of the pipeline with their plumbing, without Prefect."""

import time

# When this process began to work, by `time.perf_counter`.
BEGAN_S = time.perf_counter()
