"""The recorded runs of a workspace, each with its page."""

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

from litesmith.errors import DataError
from litesmith.records.run import Outcome, RunRecord, read_run

_WORDS = {
    Outcome.COMPLETED: "ran",
    Outcome.RESTORED: "restored from the cache",
    Outcome.UP_TO_DATE: "was up to date",
    Outcome.FAILED: "failed",
}
_STOPPED = ("KeyboardInterrupt", "CancelledError", "TerminationSignal", "SystemExit")


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
    def state(self) -> Literal["done", "refused", "invalid", "stopped", "failed"]:
        """How the run ended; ``invalid`` if its file could not be judged."""
        if self.record.error is None:
            return "done"
        if self.record.error.startswith(_STOPPED):
            return "stopped"
        if not self.record.refused:
            return "failed"
        judge = self.record.stages.get("judge")
        return "invalid" if judge and judge.outcome is Outcome.FAILED else "refused"

    @property
    def has_evaluated(self) -> bool:
        """Whether its files were measured in this run, not in one before."""
        stage = self.record.stages.get("evaluate")
        return stage is not None and stage.outcome is Outcome.COMPLETED

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
