"""Two runs to compare, as far as they were kept."""

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from pathlib import Path

from litesmith.errors import DataError, ParamsError, did_you_mean
from litesmith.history.results import cost
from litesmith.history.runs import Run
from litesmith.records.figures import SummaryFigures
from litesmith.records.record import parse_record
from litesmith.records.run import Conditions, Cost, RunResult
from litesmith.records.service.judge import Decision
from litesmith.records.summary import Reference
from litesmith.release.pointers import Key
from litesmith.release.released import ReleasedPackage, find_released
from litesmith.report.older import parse_reference, parse_run

LAST, BEFORE, SERVICE = "last", "before", "service"
WORDS = (LAST, BEFORE, SERVICE)
_SUMMARY = re.compile(r'<script type="application/json" id="summary">(.*?)</script>', re.DOTALL)
_MAX_LISTED = 10


@dataclass(frozen=True)
class Side:
    """One of two runs, with as much as was kept of it.

    Attributes:
        name: Id of the run, or the version in service.
        run: Its record; None of a version whose run is not recorded here.
        made: How it was made and which test images it got right; None if its page was not kept.
        missing: Why ``made`` is None; empty if it is not.
        decision: Of the package, for a version in service.
        cost: Of one answer of its file; None if not recorded.
    """

    name: str
    run: Run | None
    made: Reference | None
    missing: str = ""
    decision: Decision | None = None
    cost: Cost | None = None

    @property
    def label(self) -> str:
        """A short name: that of the run, or the version."""
        return self.name if self.run is None or self.decision else self.run.record.name

    @property
    def result(self) -> RunResult | None:
        """The result in the record."""
        return self.run.record.result if self.run else None

    @property
    def conditions(self) -> Conditions | None:
        """What the result rests on, as the record has it."""
        return self.result.conditions if self.result else None

    @property
    def started(self) -> datetime | None:
        """When the run began."""
        return self.run.record.started if self.run else None

    @property
    def revision(self) -> str | None:
        """The commit that the run was made from."""
        return self.run.record.git.revision if self.run else None


@dataclass(frozen=True)
class Kept:
    """Where the runs of a workspace are kept.

    Attributes:
        runs: In the order in which they began.
        reports: The folder from which links to pages lead.
        pointers: The registry's pointer file.
        packages: Its packages.
        key: The data set and the device of the workspace.
    """

    runs: Sequence[Run]
    reports: Path
    pointers: Path
    packages: Path
    key: Key


def choose(kept: Kept, first: str, second: str) -> tuple[Side, Side]:
    """Return the two runs that words name.

    A word is the id of a run or its name, or the beginning of one; ``last``; ``before``, the last run
    with a result before the other one; or ``service``.

    Raises:
        ParamsError: A word names no run, or several; or both name the same.
        DataError: The package in service cannot be read.
    """
    if first == second == BEFORE:
        raise ParamsError(f"`{BEFORE}` means before the other run: name that one, such as `{LAST}`.")
    found = {word: _side(kept, word) for word in (first, second) if word != BEFORE}
    sides = [
        found[word] if word != BEFORE else _before(kept, found[other])
        for word, other in ((first, second), (second, first))
    ]
    if sides[0].name == sides[1].name:
        raise ParamsError(f"{first} and {second} both name {sides[0].name}. {_known(kept)}")
    return sides[0], sides[1]


def _side(kept: Kept, word: str) -> Side:
    if word == SERVICE:
        return _in_service(kept)
    if not kept.runs:
        raise ParamsError("no run is recorded here. `python -m flows retrain` makes one.")
    if word == LAST:
        return _recorded(kept, kept.runs[-1])
    named = [run for run in kept.runs if run.id.startswith(word) or run.record.name.startswith(word)]
    exact = [run for run in named if word in (run.id, run.record.name)]
    if len(exact or named) != 1:
        ids = [run.id for run in kept.runs]
        what = f"{len(named)} runs begin with {word!r}." if named else f"there is no run {word!r}."
        hint = "" if named else did_you_mean(word, [*ids, *WORDS])
        raise ParamsError(f"{what}{hint} {_known(kept, named)}")
    return _recorded(kept, (exact or named)[0])


def _known(kept: Kept, named: Sequence[Run] = ()) -> str:
    """Return which runs there are, the last first."""
    ids = [run.id for run in reversed(named or kept.runs)]
    more = f" and {len(ids) - _MAX_LISTED} more" if len(ids) > _MAX_LISTED else ""
    return f"There are {', '.join(ids[:_MAX_LISTED])}{more}; and the words {', '.join(WORDS)}."


def _before(kept: Kept, other: Side) -> Side:
    if other.run is None:
        raise ParamsError(
            f"the run that made {other.name} is not recorded here, so none is known to be before it. "
            f"{_known(kept)}"
        )
    earlier = [run for run in kept.runs if run.record.started < other.run.record.started]
    with_result = [run for run in earlier if run.record.result]
    if not with_result:
        raise ParamsError(f"no run with a result is recorded before {other.name}. {_known(kept)}")
    return _recorded(kept, with_result[-1])


def _recorded(kept: Kept, run: Run) -> Side:
    """Return a run with what its archived page tells."""
    result = run.record.result
    side = Side(run.id, run, None, cost=result.cost if result else None)
    if result is None:
        return replace(side, missing=f"it was {run.state}" if run.record.error else "it left no result")
    if run.page is None:
        return replace(side, missing="its page is not archived any more")
    path = kept.reports / run.page
    try:
        text = _SUMMARY.search(path.read_text(encoding="utf-8"))
        if text is None:
            return replace(side, missing="its page holds no summary")
        content = text[1].encode()
        figures = parse_record(content, SummaryFigures, path.as_posix())
        made = parse_run(content, path.as_posix())
    except (DataError, OSError, UnicodeDecodeError):
        return replace(side, missing="its page is of a version that cannot be read any more")
    return replace(side, made=made, cost=side.cost or cost(figures))


def _in_service(kept: Kept) -> Side:
    released = find_released(kept.pointers, kept.packages, kept.key)
    if released is None:
        raise ParamsError(
            f"no model is in service for {kept.key}. `python -m tasks promote` puts one. {_known(kept)}"
        )
    return _of_package(kept, released)


def _of_package(kept: Kept, released: ReleasedPackage) -> Side:
    """Return the version in service, with the first recorded run that made its file."""
    sha256 = released.manifest.model_sha256
    made = [
        run
        for run in kept.runs
        if run.record.result and run.record.result.gate and run.record.result.gate.file_sha256 == sha256
    ]
    run = made[0] if made else None
    result = run.record.result if run else None
    where = released.folder.as_posix()
    return Side(
        name=released.version,
        run=run,
        made=parse_reference(released.read("reference.json"), f"{where}/reference.json"),
        decision=parse_record(released.read("decision.json"), Decision, f"{where}/decision.json"),
        cost=result.cost if result else None,
    )
