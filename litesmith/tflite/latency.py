"""Latency of ``.tflite`` files on one thread.

The files take turns, so that a busy host slows all of them alike.
"""

import time
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.records.device import FileLatency
from litesmith.tflite.runtime import LiteModel


def measure_latency(
    files: Mapping[str, Path], images: NDArray[np.uint8],
    *, num_warmup: int, num_rounds: int, runs_per_round: int,
) -> dict[str, FileLatency]:  # fmt: skip
    """Time every file on the same images, without quantizing the input.

    In each round every file runs ``runs_per_round`` times in a row, as on a device that does nothing
    else; then comes the next file, and the first file of a round is the last of the next one.

    Args:
        files: Paths by name.
        images: uint8 (n, height, width, channels); run after run takes the next one.
        num_warmup: Runs of each file before any is timed.
        num_rounds: Rounds that are timed.
        runs_per_round: Timed runs of each file in each round.

    Raises:
        DataError: A file cannot be run or the images are of another size.
    """
    models = {name: LiteModel(path) for name, path in files.items()}
    inputs = {name: model.encoded(images) for name, model in models.items()}
    for name, model in models.items():
        time_runs(model, inputs[name], 0, num_warmup)
    times_ns: dict[str, list[int]] = {name: [] for name in models}
    names = list(models)
    for turn in range(num_rounds):
        first = turn % len(names)
        for name in names[first:] + names[:first]:
            times_ns[name] += time_runs(
                models[name], inputs[name], turn * runs_per_round, runs_per_round
            )
    return {name: _summary(times) for name, times in times_ns.items()}


def time_runs(model: LiteModel, inputs: NDArray[np.generic], start: int, num_runs: int) -> list[int]:
    """Return the nanoseconds of each run.

    Args:
        model: Is run.
        inputs: Encoded images; run after run takes the next one.
        start: Which of them is the first.
        num_runs: At least 1.
    """
    times = []
    for run in range(start, start + num_runs):
        model.feed(inputs[run % len(inputs)])
        start_ns = time.perf_counter_ns()
        model.invoke()
        times.append(time.perf_counter_ns() - start_ns)
    return times


def _summary(times_ns: list[int]) -> FileLatency:
    median, p90, p99 = np.percentile(times_ns, [50, 90, 99]) / 1e6
    return FileLatency(median_ms=round(median, 4), p90_ms=round(p90, 4), p99_ms=round(p99, 4))
