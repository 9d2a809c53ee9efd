"""The page that lists every kept run: what came of it, how long it took, and where its report is."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import jinja2
from markupsafe import Markup

from litesmith.documents.durations import duration
from litesmith.documents.formats import FILTERS
from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.report.records import Absent, Record, plain

_STYLE = Path(__file__).parents[1] / "report/page.css"
_WORDS = {
    "Completed": "ran",
    "Restored": "restored from the cache",
    "UpToDate": "was up to date",
    "Failed": "failed",
}
_STOPPED = ("KeyboardInterrupt", "CancelledError", "TerminationSignal", "SystemExit")
_CLEAR = 0.1  # of the span between the extremes, left free above and below them
_NARROW = 0.005  # the same where all are equal, as a fraction


@dataclass(frozen=True)
class Run:
    """A run as it was written down.

    Args:
        id: Its record's name: when it began and what it is called.
        record: The record.
        page: Address of the run's page as seen from the index, None if none is kept.
    """

    id: str
    record: Mapping[str, Any]
    page: str | None


@dataclass(frozen=True)
class Span:
    """A stage on a run's time line.

    Args:
        name: The stage, or ``around the stages`` for the rest.
        kind: ``Completed``, ``Restored``, ``UpToDate``, ``Failed`` or ``around``.
        words: What became of it.
        wall_s: How long it took.
        share: Its part of the whole line, 0 to 1.
        cpu_s: CPU time of its step, None where it did not run.
    """

    name: str
    kind: str
    words: str
    wall_s: float
    share: float
    cpu_s: float | None


@dataclass(frozen=True)
class TrendPoint:
    """Accuracy of one run's final file, with its interval, as fractions.

    Args:
        id: The run.
        started: When it began.
        accuracy: On the test split.
        low: Lower end of the interval.
        high: Upper end.
        x: Where it lies across the drawing, 0 to 100 from the first run to the last.
        y: Where it lies down the drawing, 0 to 100 from the highest value to the lowest.
        low_y: The same for ``low``.
        high_y: The same for ``high``.
    """

    id: str
    started: datetime
    accuracy: float
    low: float
    high: float
    x: float
    y: float
    low_y: float
    high_y: float


def read_runs(records: Path, pages: Path) -> tuple[list[Run], list[str]]:
    """Read the records of a folder.

    Args:
        records: Folder of the records, ``<id>.json``.
        pages: Folder of the kept pages, ``<id>.html``, beside which the index is to stand.

    Returns:
        The runs in the order in which they began, and the names of records that cannot be read as such.
    """
    runs, unreadable = [], []
    for path in sorted(records.glob("*.json")):
        page = pages / f"{path.stem}.html"
        try:
            run = Run(
                path.stem, read_json(path), f"{pages.name}/{page.name}" if page.is_file() else None
            )
            # What the page works out has to come out, or one odd record would cost every later run its index.
            _shown(run)
            trend_series([run])
            runs.append(run)
        except (DataError, OSError, ValueError, LookupError, TypeError, AttributeError):
            unreadable.append(path.name)
    return sorted(runs, key=lambda run: _started(run.record)), unreadable


def render_index(runs: Sequence[Run], unreadable: Sequence[str] = ()) -> str:
    """Return the index as one HTML document that needs nothing from elsewhere but the pages it links.

    Args:
        runs: In the order in which they began.
        unreadable: Names of records that cannot be read, to be named on the page.
    """
    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("litesmith.documents", ""),
        autoescape=True,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(FILTERS, duration=_tolerant_duration)
    environment.tests["absent"] = lambda value: isinstance(value, Absent)
    page = environment.get_template("history.html.j2")
    shown = [_shown(run) for run in reversed(runs)]
    style = Markup(_STYLE.read_text(encoding="utf-8"))
    return (
        page.render(style=style, runs=shown, trend=trend_series(runs), unreadable=unreadable).strip()
        + "\n"
    )


def state_of(record: Mapping[str, Any]) -> str:
    """Return what became of a run in a word: ``done``, ``refused``, ``stopped`` or ``failed``."""
    error = str(record.get("error") or "")
    if not error:
        return "done"
    if error.startswith(_STOPPED):
        return "stopped"
    return "refused" if record.get("refused") else "failed"


def timeline(record: Mapping[str, Any]) -> list[Span]:
    """Return a run's stages in their order, and at the end what the run took beside them, as parts of its wall time."""
    stages: Mapping[str, Mapping[str, Any]] = record.get("stages") or {}
    spent = {name: float(stage.get("wall_s") or 0.0) for name, stage in stages.items()}
    whole = max(float(record.get("wall_s") or 0.0), sum(spent.values())) or 1.0
    spans = [
        Span(
            name, kind, _WORDS.get(kind, kind), spent[name], spent[name] / whole, stage.get("step_cpu_s")
        )
        for name, stage in stages.items()
        for kind in [str(stage.get("outcome"))]
    ]
    rest = whole - sum(spent.values())
    return [
        *spans,
        Span("around the stages", "around", "before, between and after them", rest, rest / whole, None),
    ]


def trend_series(runs: Sequence[Run]) -> list[TrendPoint]:
    """Return a point for each run that has an accuracy, in the order in which they began."""
    known = [(run, values) for run in runs if (values := _accuracies(run.record))]
    if not known:
        return []
    lowest, highest = min(values[1] for _, values in known), max(values[2] for _, values in known)
    margin = _CLEAR * (highest - lowest) or _NARROW

    def _down(value: float) -> float:
        return round(100 * (highest + margin - value) / (highest - lowest + 2 * margin), 2)

    across = [round(100 * at / max(len(known) - 1, 1), 2) for at in range(len(known))]
    return [
        TrendPoint(run.id, _started(run.record), *values, x, *map(_down, values))
        for x, (run, values) in zip(across, known, strict=True)
    ]


def _accuracies(record: Mapping[str, Any]) -> tuple[float, float, float] | None:
    """Return a run's accuracy and its interval, None if it has none; without an interval the accuracy thrice."""
    result = record.get("result") or {}
    accuracy = result.get("accuracy")
    if accuracy is None:
        return None
    low, high = result.get("accuracy_interval") or (accuracy, accuracy)
    return float(accuracy), float(low), float(high)


def _shown(run: Run) -> dict[str, Any]:
    """Return what the page shows of a run, absent values as such."""
    record = Record(run.record, f"the record {run.id}", {})
    error = str(plain(record.optional("error"), ""))
    result = record.optional("result") or Absent("this run ended without a result")
    return {
        "id": run.id,
        "record": record,
        "page": run.page,
        "state": state_of(run.record),
        "started": _started(run.record),
        "error": error,
        "result": result,
        # Older records tell it of their result alone.
        "drawn": any(bool(plain(one.optional("drawn"), False)) for one in (record, result)),
        "spans": timeline(run.record),
    }


def _started(record: Mapping[str, Any]) -> datetime:
    started = datetime.fromisoformat(str(record["started"]))
    # Written with its zone; a record that somebody edited may have lost it, and could not be put in order.
    return started if started.tzinfo else started.replace(tzinfo=UTC)


def _tolerant_duration(value: Any) -> Any:
    return value if isinstance(value, Absent) else duration(float(value))
