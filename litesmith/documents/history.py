"""The index: a page of all runs with their reports."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Literal

from markupsafe import Markup

from litesmith.documents.served import Served
from litesmith.documents.templates import page_style, templates
from litesmith.errors import DataError
from litesmith.records.run import Outcome, RunRecord, RunResult, read_run

_WORDS = {
    Outcome.COMPLETED: "ran",
    Outcome.RESTORED: "restored from the cache",
    Outcome.UP_TO_DATE: "was up to date",
    Outcome.FAILED: "failed",
}
_STOPPED = ("KeyboardInterrupt", "CancelledError", "TerminationSignal", "SystemExit")
_CLEAR = 0.1  # of the span between the extremes, left free above and below them
_NARROW = 0.005  # the same where all are equal, as a fraction


@dataclass(frozen=True)
class Run:
    """A run in the index.

    Args:
        id: Name of its record: when it began and what it is called.
        record: The record.
        page: Link to its page from the index, None if none is archived.
    """

    id: str
    record: RunRecord
    page: str | None

    @property
    def state(self) -> Literal["done", "refused", "stopped", "failed"]:
        """How the run ended."""
        if self.record.error is None:
            return "done"
        if self.record.error.startswith(_STOPPED):
            return "stopped"
        return "refused" if self.record.refused else "failed"

    @property
    def timeline(self) -> list["Span"]:
        """The stages, and the time around them."""
        in_stages = sum(stage.wall_s for stage in self.record.stages.values())
        whole = max(self.record.wall_s, in_stages) or 1.0
        spans = []
        for name, stage in self.record.stages.items():
            words, share = _WORDS[stage.outcome], stage.wall_s / whole
            spans.append(Span(name, stage.outcome, words, stage.wall_s, share, stage.step_cpu_s))
        rest, words = whole - in_stages, "before, between and after them"
        return [*spans, Span("around the stages", "around", words, rest, rest / whole, None)]


@dataclass(frozen=True)
class Span:
    """A stage on a run's time line, or the time around the stages.

    Args:
        name: Of the stage.
        kind: The value of its outcome, or ``around``.
        words: The same in words.
        wall_s: Its duration in seconds.
        share: Its part of the line, 0 to 1.
        cpu_s: CPU-seconds of its step, None where it did not run.
    """

    name: str
    kind: str
    words: str
    wall_s: float
    share: float
    cpu_s: float | None


@dataclass(frozen=True)
class TrendPoint:
    """Test accuracy of one run's final file and its interval, as fractions.

    In the figure ``x`` is 0 for the first run and 100 for the last; ``y``, ``low_y`` and ``high_y`` are
    near 0 for the highest value and near 100 for the lowest.
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
        pages: Folder of the archived pages, ``<id>.html``, beside which the index is written.

    Returns:
        The runs in the order in which they began, and the names of files that are no such records.
    """
    runs, unreadable = [], []
    for path in sorted(records.glob("*.json")):
        page = pages / f"{path.stem}.html"
        try:
            record = read_run(path)
        except (DataError, OSError):
            unreadable.append(path.name)
        else:
            runs.append(Run(path.stem, record, f"{pages.name}/{page.name}" if page.is_file() else None))
    return sorted(runs, key=lambda run: run.record.started), unreadable


def render_index(
    runs: Sequence[Run], unreadable: Sequence[str] = (), served: Served | None = None
) -> str:
    """Return the index as HTML; it names unreadable records.

    ``served`` are the models in service, None where they are not known.
    """
    page, style = templates().get_template("documents/history.html.j2"), Markup(page_style())
    shown, trend = list(reversed(runs)), trend_series(runs)
    content = page.render(style=style, runs=shown, trend=trend, unreadable=unreadable, served=served)
    return content.strip() + "\n"


def trend_series(runs: Sequence[Run]) -> list[TrendPoint]:
    """Return a point for each run with a result, in their order."""
    known = [(run, run.record.result) for run in runs if run.record.result]
    if not known:
        return []
    lowest = min(result.accuracy_interval[0] for _, result in known)
    highest = max(result.accuracy_interval[1] for _, result in known)
    margin = _CLEAR * (highest - lowest) or _NARROW

    def _down(value: float) -> float:
        return round(100 * (highest + margin - value) / (highest - lowest + 2 * margin), 2)

    def _point(at: int, run: Run, result: RunResult) -> TrendPoint:
        values = (result.accuracy, *result.accuracy_interval)
        across = round(100 * at / max(len(known) - 1, 1), 2)
        return TrendPoint(run.id, run.record.started, *values, across, *map(_down, values))

    return [_point(at, *pair) for at, pair in enumerate(known)]
