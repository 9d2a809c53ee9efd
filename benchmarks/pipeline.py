"""Accuracy and cost of the whole pipeline: its run by hand, and the nightly run, with several seeds.

    python -m benchmarks.pipeline

Runs nothing. It reads the records of the last whole run of each, in which every stage ran and none was
up to date: `make run` and `python -m flows retrain --profile nightly` in a fresh clone, and both with
`--profile second-seed` or `third-seed`. Where a run failed and the next of the same revision went on
from it, both are one run, and all that both spent counts. Of a run that is not here, the earlier
measurement stays. The mean over the seeds counts, and not the best. Every whole run has opened the test
split, so the results of earlier runs stay beside the last.
"""

import argparse
import statistics
import sys
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from benchmarks.record import Claim, host_words
from litesmith.errors import ContractError
from litesmith.files import read_json, write_json
from litesmith.history.runs import Run, read_runs
from litesmith.records.figures import EvaluateFigures, View
from litesmith.records.provenance import Host
from litesmith.records.record import read_record
from litesmith.records.run import Outcome
from litesmith.wording import percent
from tasks import catalog
from tasks.command import run_chosen
from tasks.pipeline import PIPELINE
from tasks.workspace import workspace_folder

RESULT = Path("benchmarks/results/pipeline.json")
MOST_BYTES = 100_000


@dataclass(frozen=True)
class Kind:
    """Runs that differ in their seed alone, and their bounds.

    Args:
        profiles: Of each run by its name; none for the parameters as they are.
        accuracy: Least test accuracy of the final file, 0 to 1, in the mean over the runs.
        goal: A further bound on it.
        least: Least test accuracy of each run; None for no bound.
        cpu_s: Most CPU-seconds of each run, with those of Prefect's server.
    """

    profiles: dict[str, tuple[str, ...]]
    accuracy: float
    goal: float
    least: float | None
    cpu_s: float


_SEEDS = {"": (), ", second seed": ("second-seed",), ", third seed": ("third-seed",)}
KINDS = {
    "run by hand": Kind(
        {f"run by hand{words}": profiles for words, profiles in _SEEDS.items()},
        accuracy=0.938, goal=0.942, least=None, cpu_s=3000,
    ),
    "nightly run": Kind(
        {f"nightly run{words}": ("nightly", *_SEEDS[words]) for words in ("", ", second seed")},
        accuracy=0.945, goal=0.948, least=0.943, cpu_s=18_000,
    ),
}  # fmt: skip
RUNS = {name: profiles for kind in KINDS.values() for name, profiles in kind.profiles.items()}


class _Results(View):
    evaluate: EvaluateFigures


class _Place(View):
    host: Host
    versions: dict[str, str]


class _Summary(View):
    """The figures of a report's summary that identify a run."""

    final: str
    results: _Results
    provenance: dict[str, _Place]


def main(arguments: Sequence[str] | None = None) -> int:
    """Read the runs, write the result and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.pipeline", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    parser.set_defaults(command=lambda _: collect(Path.cwd()))
    return run_chosen(parser, arguments)


def collect(root: Path) -> None:
    """Write the result of the runs below ``root``.

    Raises:
        ContractError: There is no run, neither here nor in the result, or its summary is of another run.
    """
    path = root / RESULT
    before = read_json(path)["runs"] if path.is_file() else {}
    here = {name: last_run(workspace_folder(root, profiles)) for name, profiles in RUNS.items()}
    runs = {
        **before,
        **{name: _after(run, before.get(name)) for name, run in here.items() if run is not None},
    }
    if not runs:
        raise ContractError("there is no whole run. `make run` in a fresh clone makes one.")
    all_claims = [claim.to_plain() for name in KINDS for claim in claims(name, runs)]
    write_json(path, {"command": "python -m benchmarks.pipeline", "claims": all_claims, "runs": runs})


def last_run(workspace: Path) -> dict[str, Any] | None:
    """Return result and host of the last whole run in a workspace, None without one.

    Raises:
        ContractError: The summary there is of a run with another result.
    """
    runs, _ = read_runs(workspace / catalog.RUNS, workspace / catalog.ARCHIVE)
    parts = last_whole(runs)
    if not parts:
        return None
    run, summary = parts[-1], read_record(workspace / catalog.SUMMARY, _Summary)
    reached = run.record.result
    final = summary.results.evaluate.variants[summary.final]
    result = {"final": summary.final, **final.model_dump(include={"accuracy", "bytes", "gzip_bytes"})}
    if reached is None or result != reached.model_dump(include=set(result)):
        raise ContractError(
            f"{workspace / catalog.SUMMARY} is not of {run.id}, the last whole run there."
        )
    where = summary.provenance["evaluate"].model_dump()
    return {"runs": [_shown(part) for part in parts], **_spent(parts), "result": result, **where}


def _after(run: dict[str, Any], before: Mapping[str, Any] | None) -> dict[str, Any]:
    """Return a run with the results of earlier runs, the oldest first."""
    earlier = list(before.get("earlier", [])) if before else []
    if before and before["runs"][-1]["id"] != run["runs"][-1]["id"]:
        last = before["runs"][-1]
        spent = {key: before[key] for key in ("cpu_s", "server_cpu_s")}
        earlier.append({"id": last["id"], "git": last["git"], **spent, "result": before["result"]})
    return {**run, "earlier": earlier}


def last_whole(runs: Sequence[Run]) -> list[Run]:
    """Return the last run that built everything, with the failed runs that it continued.

    Args:
        runs: In the order in which they began.

    Returns:
        The run itself last, or nothing if there was none.
    """
    numbers = range(len(runs))
    spans = (
        runs[begin : end + 1] for end in reversed(numbers) for begin in reversed(numbers[: end + 1])
    )
    return next((list(span) for span in spans if _is_whole(span)), [])


def _is_whole(parts: Sequence[Run]) -> bool:
    """Tell whether runs are one whole run.

    They are of one revision, only the last succeeded, and all stages ran, on the real data.
    """
    records = [part.record for part in parts]
    outcomes = [(name, stage.outcome) for record in records for name, stage in record.stages.items()]
    ran = {name for name, outcome in outcomes if outcome is Outcome.COMPLETED}
    foreign = any(outcome is Outcome.RESTORED for _, outcome in outcomes) or any(
        record.synthetic for record in records
    )
    went_on = [record.error is not None for record in records] == [True] * (len(records) - 1) + [False]
    alike = all(record.git == records[-1].git for record in records)
    return alike and went_on and not foreign and ran == {step.name for step in PIPELINE}


def _shown(run: Run) -> dict[str, Any]:
    shown = {"command", "git", "wall_s", "cpu_s", "server_cpu_s", "error", "stages"}
    return {"id": run.id, **run.record.model_dump(mode="json", include=shown)}


def _spent(parts: Sequence[Run]) -> dict[str, float]:
    """Return the seconds of all parts together."""
    records = [part.record for part in parts]
    return {
        "wall_s": round(sum(record.wall_s for record in records), 2),
        "cpu_s": round(sum(record.cpu_s for record in records), 2),
        "server_cpu_s": round(sum(record.server_cpu_s or 0.0 for record in records), 2),
    }


def claims(name: str, runs: Mapping[str, Any]) -> list[Claim]:
    """Return the claims about the runs of a kind; nothing counts as measured before all are there."""
    kind = KINDS[name]
    there = [runs[run] for run in kind.profiles if run in runs]
    whole = len(there) == len(kind.profiles)
    accuracies = [run["result"]["accuracy"] for run in there] if whole else []
    spent = [run["cpu_s"] + run["server_cpu_s"] for run in there] if whole else []
    sizes = [run["result"]["bytes"] for run in there] if whole else []
    seeds = f"{len(there)} of {len(kind.profiles)} seeds"
    told = "; ".join([seeds, *map(_reached, there), *_openings(there)])
    mean = round(statistics.mean(accuracies), 6) if accuracies else None
    result = [Claim(f"test accuracy of the final file, {name}, mean over the seeds", "accuracy", mean,
                    kind.accuracy, False, kind.goal, told)]  # fmt: skip
    if kind.least is not None:
        result.append(Claim(f"the lowest of them, {name}", "accuracy", min(accuracies, default=None),
                            kind.least, False, note=seeds))  # fmt: skip
    return [
        *result,
        Claim(f"bytes of the largest final file, {name}", "bytes", max(sizes, default=None), MOST_BYTES,
              True, note=seeds),
        Claim(f"CPU-seconds of the costliest, {name}", "cpu_s", max(spent, default=None), kind.cpu_s,
              True, note=seeds),
    ]  # fmt: skip


def _reached(run: Mapping[str, Any]) -> str:
    """Return what a run reached and where, and what was reached before it."""
    result = run["result"]
    text = f"{percent(result['accuracy'])} % by {result['final']}, {host_words(run['host'])}"
    if len(run["runs"]) > 1:
        text += f", in {len(run['runs'])} runs: all but the last failed and were continued"
    earlier = [f"{percent(past['result']['accuracy'])} %" for past in run.get("earlier", [])]
    return f"{text}, earlier ones {', '.join(earlier)}" if earlier else text


def _openings(runs: Sequence[Mapping[str, Any]]) -> list[str]:
    """Return how often the test images were opened, nothing without a run."""
    number = sum(1 + len(run.get("earlier", [])) for run in runs)
    return [f"test opened {number} times in all"] if number else []


if __name__ == "__main__":
    sys.exit(main())
