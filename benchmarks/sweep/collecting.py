"""Gather what both searches and both kinds of workers came to."""

import math
import statistics
from pathlib import Path
from typing import Any

from benchmarks.record import Claim, write_result
from benchmarks.sweep.plan import Config, seed_folder, workers_file
from litesmith.errors import ContractError
from litesmith.files import read_json
from litesmith.params.everything import Params

RESULT = Path("benchmarks/results/sweep.json")


def collect(config: Config, params: Params) -> None:
    """Write the result of all that is measured.

    Raises:
        ContractError: Nothing is.
    """
    paths = [seed_folder(config, params, seed) / "outcome.json" for seed in config.seeds]
    outcomes = [read_json(path) for path in paths if path.is_file()]
    timed = workers_file(config)
    workers = read_json(timed) if timed.is_file() else None
    if not outcomes and workers is None:
        raise ContractError(
            "nothing of the sweep is measured. Run `python -m benchmarks.sweep seed 1` first."
        )
    measured = {
        "command": "python -m benchmarks.sweep",
        "seeds": config.seeds,
        "missing_seeds": [
            seed for seed in config.seeds if seed not in [outcome["seed"] for outcome in outcomes]
        ],
        "searches": outcomes,
        "workers": workers,
        "numbers": config.model_dump(mode="json"),
    }
    write_result(RESULT, measured, claims(config, outcomes, workers))


def claims(
    config: Config, outcomes: list[dict[str, Any]], workers: dict[str, Any] | None
) -> list[Claim]:
    """Return what must hold; nothing of the searches counts as measured before all seeds are.

    Args:
        config: The bounds, and how many seeds there are.
        outcomes: Of the seeds that were searched with.
        workers: The times of both kinds of workers, None if they were not measured.
    """
    faster = (
        {}
        if workers is None
        else {kind: float(timed["speedup"]) for kind, timed in workers["trials"].items()}
    )
    complete, share = len(outcomes) == len(config.seeds), share_of(outcomes)
    shares = ", ".join(
        "never" if outcome["share"] is None else f"{outcome['share']:.3f}" for outcome in outcomes
    )
    note = f"{len(outcomes)} of {len(config.seeds)} seeds{': ' if shares else ''}{shares}"
    longest = max(outcome["longest_trial_cpu_s"] for outcome in outcomes) if complete else None
    what = (
        "CPU-seconds until our sweep equals the best of a random search, "
        "as a share of the random search's: median"
    )
    return [
        Claim(what, "share", share if complete else None, config.max_share, True, note=note,
              never=complete and share is None),
        Claim("CPU-seconds of the longest trial", "cpu_s", longest, config.max_trial_cpu_s, True),
        *(Claim(f"trials per minute, two workers of one thread against one of two, trials {kind}",
                "times",
                faster.get(kind), config.min_speedup, False) for kind in config.workers.trials),
    ]  # fmt: skip


def share_of(outcomes: list[dict[str, Any]]) -> float | None:
    """Return the median of the seeds' shares, None if that seed never got there."""
    shares = [math.inf if outcome["share"] is None else float(outcome["share"]) for outcome in outcomes]
    median = statistics.median(shares) if shares else math.inf
    return round(median, 4) if math.isfinite(median) else None
