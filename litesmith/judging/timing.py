"""Times of two files that take turns, on a quiet host.

A process that waits for a processor measures others. How much of the timed seconds it did not compute
itself is known from the two clocks of the operating system, by the wall and by its thread.
"""

import time
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.exact import median_interval
from litesmith.params.sections.judge import LatencyParams
from litesmith.tflite.latency import time_runs
from litesmith.tflite.runtime import LiteModel

_LEVEL = 0.05
_PAUSE_S = 2.0


@dataclass(frozen=True)
class Timing:
    """What was measured.

    Attributes:
        candidate_ms: Median of single runs.
        released_ms: The same; None where there is no other file.
        ratio: Time of the candidate as a multiple of the other's, median of the rounds; None likewise.
        interval: The two ends of its 95 % interval.
        waiting: Share of the timed seconds in which the process did not run, 0 to 1.
    """

    candidate_ms: float
    released_ms: float | None
    ratio: float | None
    interval: tuple[float, float] | None
    waiting: float

    def doubt(self, params: LatencyParams) -> str:
        """Return why the host was too loaded to tell; empty if it was not."""
        if self.waiting > params.max_waiting:
            return (
                f"the process waited for a processor in {100 * self.waiting:.0f} % of the timed "
                f"seconds, and judge.latency.max_waiting allows {100 * params.max_waiting:.0f} %"
            )
        if self.ratio is None or self.interval is None:
            return ""
        low, high = self.interval
        if high - low > params.max_uncertainty * self.ratio:
            return (
                f"the ratio of the two files' times lies between {low:.2f} and {high:.2f}, which is "
                f"wider than judge.latency.max_uncertainty allows ({100 * params.max_uncertainty:.0f} "
                "% of it)"
            )
        return ""


def time_in_turns(
    candidate: LiteModel, released: LiteModel | None, images: NDArray[np.uint8],
    params: LatencyParams,
) -> Timing:  # fmt: skip
    """Time a file in turns with the one in service.

    While the host is loaded it tries again, after pauses that double.

    In each round every file runs some times in a row, and who began is second in the next. Whatever
    slows the host for longer than a round slows both alike.

    Args:
        candidate: The file, opened.
        released: The one in service; None without one.
        images: uint8 (n, height, width, channels), n at least 1.
        params: Rounds and runs, and what a quiet host is.
    """
    timing = _timed(candidate, released, images, params)
    for attempt in range(params.attempts - 1):
        if not timing.doubt(params):
            break
        time.sleep(_PAUSE_S * 2**attempt)
        timing = _timed(candidate, released, images, params)
    return timing


def _timed(
    candidate: LiteModel, released: LiteModel | None, images: NDArray[np.uint8], params: LatencyParams
) -> Timing:
    models = [model for model in (candidate, released) if model is not None]
    inputs = [model.encoded(images[: params.runs]) for model in models]
    for model, encoded in zip(models, inputs, strict=True):
        time_runs(model, encoded, 0, params.warmup)
    times_ns = np.empty((len(models), params.rounds, params.runs))
    wall_s, own_s = 0.0, 0.0
    for turn in range(params.rounds):
        for place in range(len(models)):
            row = (turn + place) % len(models)
            wall, own = time.perf_counter(), time.thread_time()
            times_ns[row, turn] = time_runs(models[row], inputs[row], 0, params.runs)
            wall_s, own_s = wall_s + time.perf_counter() - wall, own_s + time.thread_time() - own
    medians_ms = np.median(times_ns, axis=(1, 2)) / 1e6
    waiting = max(0.0, 1 - own_s / wall_s)
    if released is None:
        return Timing(float(medians_ms[0]), None, None, None, waiting)
    rounds = np.median(times_ns, axis=2)
    ratio, low, high = median_interval((rounds[0] / rounds[1]).tolist(), _LEVEL)
    return Timing(float(medians_ms[0]), float(medians_ms[1]), ratio, (low, high), waiting)
