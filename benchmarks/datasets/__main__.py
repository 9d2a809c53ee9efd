"""Whole runs on data sets of many forms, each by the two commands of somebody who has one.

    python -m benchmarks.datasets [NAME ...] [--profile NAME] [--again]

Each data set is written to disk, described by `python -m tasks dataset` and run by `python -m flows
retrain --data` in a clone of the last commit below `.litesmith/datasets`; then figures are read from
the run's evaluation. Sets that were measured before are kept, whatever the commit, unless `--again` is
given; a run that was stopped goes on. A run that fails is noted, and the next one begins.
"""

import argparse
import logging
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from benchmarks.datasets.plan import DATA_SETS, DataSet
from benchmarks.record import Claim, write_result
from litesmith.errors import LitesmithError
from litesmith.files import read_json
from litesmith.host import describe_host
from litesmith.wording import count, percent
from tasks.command import run_chosen

RESULT = Path("benchmarks/results/datasets.json")
WORK = Path(".litesmith/datasets")
LEAST_AS_EVALUATED = 0.95
MOST_CPU_S = 8000.0

_LOG = logging.getLogger(__name__)


def main(arguments: Sequence[str] | None = None) -> int:
    """Measure and write the result, and return the exit code."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.datasets", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    names = [chosen.name for chosen in DATA_SETS]
    parser.add_argument(
        "names", nargs="*", metavar="NAME", help=f"one of {', '.join(names)}; all if none"
    )
    parser.add_argument("--profile", metavar="NAME", action="append", default=[])
    parser.add_argument("--again", action="store_true", help="measure again what was measured before")
    parser.set_defaults(
        command=lambda given: collect(
            Path.cwd(), _chosen(parser, given.names), given.profile, again=given.again
        )
    )
    return run_chosen(parser, arguments)


def _chosen(parser: argparse.ArgumentParser, names: Sequence[str]) -> list[DataSet]:
    unknown = set(names).difference(chosen.name for chosen in DATA_SETS)
    if unknown:
        parser.error(f"there is no data set {', '.join(sorted(unknown))}")
    return [chosen for chosen in DATA_SETS if not names or chosen.name in names]


def collect(root: Path, chosen: Sequence[DataSet], profiles: Sequence[str], *, again: bool) -> None:
    """Run what is missing, and write the result after each data set.

    Args:
        root: Of the project.
        chosen: Data sets.
        profiles: Of the runs.
        again: Whether what was measured before is measured again, from nothing.
    """
    from benchmarks.datasets import running

    path, work = root / RESULT, root / WORK
    measured: dict[str, Any] = read_json(path)["sets"] if path.is_file() else {}
    missing = [each for each in chosen if again or "final" not in measured.get(each.name, {})]
    work.mkdir(parents=True, exist_ok=True)
    revision = running.clone_project(root, work / "clone") if missing else ""
    for each in missing:
        if again:
            running.forget(each, work / "clone", profiles)
        _LOG.info("%s: %s ...", each.name, each.what)
        entry = _measured(each, work, profiles)
        measured[each.name] = {"what": each.what, **entry, "revision": revision, "host": describe_host()}
        _write(path, measured)
    _write(path, measured)


def _measured(chosen: DataSet, work: Path, profiles: Sequence[str]) -> dict[str, Any]:
    """Run a data set and return its figures, or why there are none."""
    from benchmarks.datasets import measuring, running

    try:
        ran = running.run_data_set(chosen, work / "clone", work / "sources", profiles)
        figures = measuring.measure(running.workspace_of(chosen, work / "clone", profiles))
    except LitesmithError as error:
        _LOG.info("%s: %s", chosen.name, error)
        return {"error": str(error)}
    return {**ran, **figures, "as_declared": _as_declared(chosen, ran["described"])}


def _as_declared(chosen: DataSet, described: Mapping[str, Any]) -> bool:
    """Return whether the first command found the form that the data set has."""
    return chosen.form == tuple(described[key] for key in ("height", "width", "channels", "ground"))


def _write(path: Path, measured: Mapping[str, Mapping[str, Any]]) -> None:
    in_order = {each.name: measured[each.name] for each in DATA_SETS if each.name in measured}
    write_result(path, {"command": "python -m benchmarks.datasets", "sets": in_order}, claims(in_order))


def claims(measured: Mapping[str, Mapping[str, Any]]) -> list[Claim]:
    """Return two claims for each data set, and one about what all of them cost."""
    each = [claim for chosen in DATA_SETS for claim in _claims(chosen, measured.get(chosen.name, {}))]
    done = [entry for entry in measured.values() if "final" in entry]
    spent = sum(entry["cpu_s"] + entry["describing_cpu_s"] for entry in done)
    whole = len(done) == len(DATA_SETS)
    note = f"{len(done)} of {len(DATA_SETS)} data sets"
    return [*each, Claim("CPU-seconds of all data sets", "cpu_s", spent if whole else None, MOST_CPU_S,
                         True, note=note)]  # fmt: skip


def _claims(chosen: DataSet, entry: Mapping[str, Any]) -> list[Claim]:
    final, fit = entry.get("final"), entry.get("baseline_fit")
    if final is None or fit is None:
        # A run that failed misses its bounds; one that was never made is not measured.
        parts: dict[str, Any] = {"measured": None, "never": "error" in entry}
        parts["note"] = str(entry.get("error", "")).partition("\n")[0]
        gain, same = parts, parts
    else:
        worst = final["worst_class"]
        note = (
            f"{chosen.what}: {percent(final['accuracy'])} %, "
            f"balanced {percent(final['balanced_accuracy'])} %, "
            f"worst class {worst['name']} {percent(worst['recall'])} %, {count(final['bytes'])} bytes; "
            f"fit {percent(fit['accuracy'])} %; {count(entry['num_test'])} test images, "
            f"{count(entry['cpu_s'])} CPU-s"
        )
        predicted = entry["predict"]
        gain = {"measured": entry["final_minus_baseline"]["high"], "note": note}
        same = {
            "measured": predicted["as_evaluated"] / predicted["num_pictures"],
            "note": f"{predicted['num_pictures']} test images saved as PNG",
        }
    what = f"final file minus the baseline's fit, upper end of the interval, {chosen.name}"
    answers = f"pictures that `predict` answers as evaluated, {chosen.name}"
    return [
        Claim(what, "points", must=0.0, most=False, **gain),
        Claim(answers, "accuracy", must=LEAST_AS_EVALUATED, most=False, **same),
    ]


if __name__ == "__main__":
    sys.exit(main())
