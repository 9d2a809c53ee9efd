"""The progress of a run in a terminal, and the time left.

Not written with rich, which the lock holds too: it would take more code than the one row that is
redrawn here, and leaves residue where a terminal that becomes narrower breaks a row into several.
"""

import logging
import os
import shutil
import sys
import time
import unicodedata
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from typing import TextIO

from wcwidth import clip, strip_sequences, width

from litesmith.documents.durations import duration
from litesmith.records.run import Outcome

_WORDS = {
    Outcome.UP_TO_DATE: "nothing to do",
    Outcome.RESTORED: "restored from the cache",
    Outcome.COMPLETED: "done",
    Outcome.FAILED: "failed",
}
# The rows below as well: a terminal that became narrower has broken the row into several. From the
# second column on: some terminals add to their history what is cleared from the first column on.
_CLEAR = "\r\x1b[K \x1b[J\r"
_MIN_TEXT_COLUMNS = 8
_REDRAW_S = 10.0
# Share of an earlier run's time after which this run's own pace counts as much as the earlier one's.
_PRIOR_SHARE = 0.1
# DVC writes the command before it runs it, and names the lock file after it.
_STEP_BEGINS = "> "
_STEP_ENDS = ("Updating lock file", "Generating lock file")


@dataclass
class Forecast:
    """The time left, from an earlier run and the pace of this one.

    Args:
        expected_s: Seconds of each stage when it last ran, by name; stages that never ran are missing.
        order: All stages in their order.
        actual_s: Seconds of the stages that this run ran so far, by name.
    """

    expected_s: Mapping[str, float]
    order: list[str]
    actual_s: dict[str, float] = field(default_factory=dict)

    def left_s(self, stage: str, elapsed_s: float) -> float | None:
        """Return the seconds left in all, None if unknown."""
        rest = self.order[self.order.index(stage) :]
        if any(name not in self.expected_s for name in rest):
            return None
        pace = self._pace(stage, elapsed_s)
        here, *later = (self.expected_s[name] * pace for name in rest)
        return max(here - elapsed_s, 0.0) + sum(later)

    def _pace(self, stage: str, elapsed_s: float) -> float:
        """Return how many times as long as the earlier run this one takes.

        The ratio over the stages that ran, begun at 1 with the weight of a share of the whole run: a
        first step of two seconds, of which DVC takes one, is no measure of an hour of training. A stage
        that is over its time counts at once.
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
    """The progress of a run: one row of a terminal, or lines."""

    stream: TextIO = field(default_factory=lambda: sys.stderr)
    forecast: Forecast | None = None
    stage: str = ""
    _began: float = 0.0
    _shown: float = 0.0
    _drawn: bool = False
    _in_step: bool = False

    def begin(self, stage: str) -> None:
        """Show that a stage begins."""
        self.stage, self._began, self._shown, self._in_step = stage, time.monotonic(), 0.0, False
        if self._redraws():
            self._draw("")

    def line(self, text: str) -> None:
        """Show a line of the step, but not of DVC."""
        text = self._encodable(plain(text))
        begins, ends = text.startswith(_STEP_BEGINS), text.startswith(_STEP_ENDS)
        if begins or ends or not self._in_step or not text:
            self._in_step = begins or (self._in_step and not ends)
            return
        now = time.monotonic()
        if self._redraws():
            self._draw(text)
        elif now - self._shown >= _REDRAW_S:
            self._write(f"{self._place()} ... {text}{self._left()}\n")
            self._shown = now

    def clear(self) -> None:
        """Clear the row for a line of another writer."""
        if self._drawn:
            self._write(_CLEAR)
            self._drawn = False

    def end(self, outcome: Outcome) -> None:
        """Show how the stage ended; the reason of a failure follows after the run."""
        elapsed_s, took = time.monotonic() - self._began, ""
        if outcome is Outcome.COMPLETED:
            took = f" in {duration(elapsed_s)}"
            if self.forecast:
                self.forecast.actual_s[self.stage] = elapsed_s
        self.clear()
        text = f"{self._place()}: {_WORDS[outcome]}{took}"
        self._write(f"{_cut(text, _columns(self.stream)) if self._redraws() else text}\n")

    def _redraws(self) -> bool:
        """Tell whether the stream is a terminal that can clear a row."""
        return self.stream.isatty() and os.environ.get("TERM", "dumb") != "dumb"

    def _draw(self, text: str) -> None:
        """Draw the row and leave the cursor at its start."""
        row = fitted(self._place(), text, self._left(), _columns(self.stream))
        self._write(f"{_CLEAR}{row}\r")
        self._drawn = True

    def _write(self, text: str) -> None:
        self.stream.write(self._encodable(text))
        self.stream.flush()

    def _encodable(self, text: str) -> str:
        """Return a text with ``?`` for what the stream cannot encode."""
        encoding = self.stream.encoding or "utf-8"
        return text.encode(encoding, "replace").decode(encoding)

    def _place(self) -> str:
        order = self.forecast.order if self.forecast else [self.stage]
        return f"[{order.index(self.stage) + 1}/{len(order)}] {self.stage}"

    def _left(self) -> str:
        elapsed_s = time.monotonic() - self._began
        left_s = self.forecast.left_s(self.stage, elapsed_s) if self.forecast else None
        return "" if left_s is None else f", about {duration(left_s)} left in all"


def plain(text: str) -> str:
    """Return a line of a step as plain text.

    Without escape sequences, with one space for white space, and with the last state of a bar.
    """
    last = strip_sequences(text).rstrip().rpartition("\r")[2]
    # Categories C: control characters, and marks that change the direction of what follows them.
    return "".join(sign for sign in " ".join(last.split()) if unicodedata.category(sign)[0] != "C")


def fitted(place: str, text: str, left: str, columns: int) -> str:
    """Return one row of a terminal.

    Parts that do not fit are cut or left out, the text before the time left.

    Args:
        place: The stage and its number.
        text: Output of the stage, may be empty.
        left: The time left with its comma, may be empty.
        columns: Width of the terminal.
    """
    free = columns - 1 - width(f"{place} ... {left}")
    if text and free >= _MIN_TEXT_COLUMNS:
        return f"{place} ... {_cut(text, free + 1)}{left}"
    return f"{place}{left}" if width(f"{place}{left}") < columns else _cut(place, columns)


def _cut(text: str, columns: int) -> str:
    """Cut a text so that the last column stays free."""
    return text if width(text) < columns else f"{clip(text, 0, max(columns - 2, 0)).rstrip()}…"


def _columns(stream: TextIO) -> int:
    """Return the width of the stream's terminal, else of the environment, else 80."""
    try:
        columns = os.get_terminal_size(stream.fileno()).columns
    except (OSError, ValueError):
        columns = 0
    return columns or shutil.get_terminal_size().columns


WATCHER: ContextVar[Progress | None] = ContextVar("watcher", default=None)
"""The terminal that shows the run of this process, if any."""


@contextmanager
def watching(progress: Progress) -> Iterator[None]:
    """Show the runs of the block, apart from log lines."""

    def _clear(_: logging.LogRecord) -> bool:
        progress.clear()
        return True

    token, handlers = WATCHER.set(progress), list(logging.root.handlers)
    for handler in handlers:
        handler.addFilter(_clear)
    try:
        yield
    finally:
        for handler in handlers:
            handler.removeFilter(_clear)
        progress.clear()
        WATCHER.reset(token)
