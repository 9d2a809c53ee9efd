"""Tell a person at a terminal what a run is doing and how long it will still take."""

import sys
import time
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TextIO

from flows.ledger import Outcome
from litesmith.durations import duration

_WORDS = {
    Outcome.UP_TO_DATE: "nothing to do",
    Outcome.RESTORED: "restored from the cache",
    Outcome.COMPLETED: "done",
}
_REDRAW_S = 10.0
# How much of an earlier run's time has to pass before this run's own pace counts as much as the earlier one's.
_PRIOR_SHARE = 0.1
_AROUND = (
    "Running stage",
    "> python",
    "Updating lock file",
    "Generating lock file",
    "To track",
    "git add",
    "dvc config",
    "To enable",
    "Use `dvc",
)


@dataclass
class Forecast:
    """Time left, from the times of an earlier run scaled by how this one went so far.

    Args:
        expected_s: Seconds each stage took when it was last run, by name; stages that never ran are missing.
        order: All stages in their order.
        actual_s: Seconds that the stages which this run ran so far took, by name.
    """

    expected_s: Mapping[str, float]
    order: list[str]
    actual_s: dict[str, float] = field(default_factory=dict)

    def left_s(self, stage: str, elapsed_s: float) -> float | None:
        """Return the seconds left in all while ``stage`` has run for ``elapsed_s``; None if nothing tells."""
        rest = self.order[self.order.index(stage) :]
        if any(name not in self.expected_s for name in rest):
            return None
        pace = self._pace(stage, elapsed_s)
        here, *later = (self.expected_s[name] * pace for name in rest)
        return max(here - elapsed_s, 0.0) + sum(later)

    def _pace(self, stage: str, elapsed_s: float) -> float:
        """Return how much longer this run takes than the earlier one.

        It is the ratio over the stages that ran, begun at 1 with the weight of a share of the whole run: a first step
        of two seconds, of which DVC takes one, tells nothing about an hour of training. A stage that is over its time
        counts as soon as it is.
        """
        whole_s = sum(self.expected_s.get(name, 0.0) for name in self.order)
        known = [name for name in self.actual_s if name in self.expected_s]
        expected_s = _PRIOR_SHARE * whole_s + sum(self.expected_s[name] for name in known)
        actual_s = _PRIOR_SHARE * whole_s + sum(self.actual_s[name] for name in known)
        pace = actual_s / expected_s if expected_s > 0 else 1.0
        here_s = self.expected_s[stage]
        return (actual_s + elapsed_s) / (expected_s + here_s) if elapsed_s > here_s * pace else pace


@dataclass
class Progress:
    """Draws the progress of a run: one line redrawn in a terminal, a line now and then elsewhere."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    forecast: Forecast | None = None
    stage: str = ""
    _began: float = 0.0
    _drawn: float = 0.0

    def plan(self, order: list[str], expected_s: Mapping[str, float]) -> None:
        """Take note of all stages before the first begins."""
        self.forecast = Forecast(expected_s, order)

    def begin(self, stage: str) -> None:
        """Take note that a stage begins."""
        self.stage, self._began, self._drawn = stage, time.monotonic(), 0.0
        if self.stream.isatty():
            self.line("")

    def line(self, text: str) -> None:
        """Show a line of the stage, with the time left; what DVC says around it stays in the log."""
        if text.lstrip().startswith(_AROUND):
            return
        now = time.monotonic()
        if self.stream.isatty():
            self.stream.write(f"\r\x1b[K{self._place()} ... {_short(text)}{self._left(now)}")
        elif now - self._drawn >= _REDRAW_S:
            self.stream.write(f"{self._place()} ... {text}{self._left(now)}\n")
            self._drawn = now
        self.stream.flush()

    def end(self, outcome: Outcome) -> None:
        """Show what became of the stage."""
        elapsed_s = time.monotonic() - self._began
        if self.forecast and outcome is Outcome.COMPLETED:
            self.forecast.actual_s[self.stage] = elapsed_s
        took = f" in {duration(elapsed_s)}" if outcome is Outcome.COMPLETED else ""
        self._finish(f"{_WORDS[outcome]}{took}")

    def fail(self) -> None:
        """Show that the stage failed; why is said at the end."""
        self._finish("failed")

    def _finish(self, words: str) -> None:
        start = "\r\x1b[K" if self.stream.isatty() else ""
        self.stream.write(f"{start}{self._place()}: {words}\n")
        self.stream.flush()

    def _place(self) -> str:
        order = self.forecast.order if self.forecast else [self.stage]
        return f"[{order.index(self.stage) + 1}/{len(order)}] {self.stage}"

    def _left(self, now: float) -> str:
        left_s = self.forecast.left_s(self.stage, now - self._began) if self.forecast else None
        return ", time left unknown (no earlier run)" if left_s is None else f", about {duration(left_s)} left in all"


# The terminal that watches the run of this process, if there is one.
_WATCHER: ContextVar[Progress | None] = ContextVar("watcher", default=None)


@contextmanager
def watching(progress: Progress) -> Iterator[None]:
    """Show the runs of the block."""
    token = _WATCHER.set(progress)
    try:
        yield
    finally:
        _WATCHER.reset(token)


def watcher() -> Progress | None:
    """Return what shows the current run, if anything does."""
    return _WATCHER.get()


def _short(text: str) -> str:
    """Cut a line so that it fits a terminal beside the rest."""
    return text if len(text) <= 60 else f"{text[:59]}…"
