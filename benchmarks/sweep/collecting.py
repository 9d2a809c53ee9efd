"""Gather what both searches and all kinds of workers came to."""

import math
import statistics
from pathlib import Path
from typing import Any

from benchmarks.record import Claim, write_result
from benchmarks.sweep.plan import Config, default_search, search_folder, workers_file
from litesmith.errors import ContractError
from litesmith.files import read_json
from litesmith.params.sections.sweep import SearchParams

RESULT = Path("benchmarks/results/sweep.json")

Outcome = dict[str, Any]


def collect(config: Config) -> None:
    """Write the result of all that is measured.

    Raises:
        ContractError: Nothing is.
    """
    params = default_search()
    found = outcomes(config, params)
    timed = workers_file(config)
    workers = read_json(timed) if timed.is_file() else None
    if not found and workers is None:
        raise ContractError(
            "nothing of the sweep is measured. Run `python -m benchmarks.sweep search` first."
        )
    measured = {
        "command": "python -m benchmarks.sweep",
        "searches": found,
        "workers": workers,
        "numbers": config.model_dump(mode="json"),
        "search": params.model_dump(mode="json"),
    }
    write_result(RESULT, measured, claims(config, found, workers))


def outcomes(config: Config, params: SearchParams) -> list[Outcome]:
    """Return what the finished searches came to, by data set and seed."""
    folders = [
        search_folder(config, params, name, seed)
        for name in config.searches.sets
        for seed in config.seeds
    ]
    return [
        read_json(folder / "outcome.json") for folder in folders if (folder / "outcome.json").is_file()
    ]


def claims(config: Config, found: list[Outcome], workers: Outcome | None) -> list[Claim]:
    """Return what must hold; nothing of the searches counts as measured before all are.

    Args:
        config: The bounds, and how many searches there are.
        found: What finished searches came to.
        workers: The times of all kinds of workers, None if they were not measured.
    """
    num_searches = len(config.searches.sets) * len(config.seeds)
    complete, share = len(found) == num_searches, share_of(found)
    note = f"{len(found)} of {num_searches} searches{': ' if found else ''}{_listed(found)}"
    worse = sum(outcome["share"] is None for outcome in found)
    what = (
        "CPU-seconds until our sweep equals the best of a random search, "
        "as a share of the random search's: median"
    )
    speedup, reason = None, ""
    if workers is not None:
        speedup = float(workers["speedup"])
        reason = (
            f"a second worker is worth {workers['second_worker']} times one, "
            f"a second thread {workers['second_thread']} times"
        )
    return [
        Claim(what, "share", share if complete else None, config.max_share, True, note=note,
              never=complete and share is None),
        Claim("sweeps that never equalled it", "inputs", worse if complete else None, 0, True,
              note=f"of {len(found)}"),
        Claim("sweeps that ended below it on validation", "inputs", worse if complete else None,
              config.max_worse, True, note=f"of {len(found)}"),
        Claim("trials per minute of the default's own, two workers of one thread against one of two",
              "times", speedup, config.min_speedup, False, note=reason),
    ]  # fmt: skip


def share_of(found: list[Outcome]) -> float | None:
    """Return the median of the searches' shares, None if that search never got there."""
    shares = [math.inf if outcome["share"] is None else float(outcome["share"]) for outcome in found]
    median = statistics.median(shares) if shares else math.inf
    return round(median, 4) if math.isfinite(median) else None


def _listed(found: list[Outcome]) -> str:
    """Return the shares by data set."""
    shares: dict[str, list[str]] = {}
    for outcome in found:
        share = "never" if outcome["share"] is None else f"{outcome['share']:.3f}"
        shares.setdefault(outcome["set"], []).append(share)
    return "; ".join(f"{name} {', '.join(values)}" for name, values in shares.items())
