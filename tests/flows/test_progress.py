import io
import logging
import os
import pty
import re
import sys
import termios
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import TextIO

import pytest
from wcwidth import wcwidth

from flows.progress import Forecast, Progress, fitted, plain, watching
from litesmith.records.run import Outcome

ORDER = ["fetch", "baseline", "sweep"]


def test_time_left_is_what_an_earlier_run_took() -> None:
    forecast = Forecast({"fetch": 10, "baseline": 100, "sweep": 400}, ORDER)
    assert forecast.left_s("fetch", 4) == 506
    assert forecast.left_s("sweep", 150) == 250


def test_time_left_follows_the_pace_of_this_run() -> None:
    expected = {"fetch": 10, "baseline": 100, "sweep": 400}
    usual, slower = (Forecast(expected, ORDER, {"fetch": 10, "baseline": took}) for took in (100, 200))
    assert usual.left_s("sweep", 50) == 350
    # a tenth of the whole, 51 seconds, counts as having gone as before
    assert slower.left_s("sweep", 50) == pytest.approx(400 * (51 + 210) / (51 + 110) - 50)


def test_the_short_first_steps_do_not_swing_the_time_left() -> None:
    expected = {"fetch": 0.7, "baseline": 300.0, "sweep": 1200.0}
    at_rest = Forecast(expected, ORDER).left_s("fetch", 0)
    after_a_slow_fetch = Forecast(expected, ORDER, {"fetch": 5.0}).left_s("baseline", 0)
    assert at_rest is not None
    assert after_a_slow_fetch == pytest.approx(at_rest, rel=0.05)


def test_a_stage_over_its_time_slows_what_is_still_to_come_without_a_jump() -> None:
    forecast = Forecast({"baseline": 100, "sweep": 400}, ORDER[1:])
    assert forecast.left_s("baseline", 100) == 400
    assert forecast.left_s("baseline", 100.01) == pytest.approx(400, abs=0.1)
    assert forecast.left_s("baseline", 250) == pytest.approx(400 * (50 + 250) / (50 + 100))


def test_time_left_is_unknown_where_a_stage_never_ran() -> None:
    assert Forecast({"fetch": 10, "baseline": 100}, ORDER).left_s("baseline", 1) is None


def _run(stream: TextIO, expected_s: dict[str, float]) -> None:
    progress = Progress(stream, Forecast(expected_s, ORDER))
    progress.begin("fetch")
    progress.end(Outcome.UP_TO_DATE)
    progress.begin("baseline")
    progress.line("Running stage 'baseline':")
    progress.line("> python -m tasks run some")
    progress.line("epoch 3/10")
    progress.line("epoch 4/10")
    progress.line("Updating lock file 'dvc.lock'")
    progress.line("To track the changes with git, run:")
    progress.end(Outcome.COMPLETED)
    progress.begin("sweep")
    progress.end(Outcome.FAILED)


@pytest.mark.parametrize(
    ("expected_s", "left"), [({}, ""), (dict.fromkeys(ORDER, 100.0), ", about 3 min 20 s left in all")]
)
def test_a_pipe_gets_a_line_now_and_then(expected_s: dict[str, float], left: str) -> None:
    stream = io.StringIO()
    _run(stream, expected_s)
    assert stream.getvalue().splitlines() == [
        "[1/3] fetch: nothing to do",
        f"[2/3] baseline ... epoch 3/10{left}",
        "[2/3] baseline: done in 0 s",
        "[3/3] sweep: failed",
    ]


def test_a_row_has_the_parts_that_fit() -> None:
    parts = "[2/3] baseline", "epoch 3/10, loss 0.25", ", about 5 min 0 s left in all"
    assert fitted(*parts, 80) == "[2/3] baseline ... epoch 3/10, loss 0.25, about 5 min 0 s left in all"
    assert fitted(*parts, 60) == "[2/3] baseline ... epoch 3/10…, about 5 min 0 s left in all"
    assert fitted(*parts, 50) == "[2/3] baseline, about 5 min 0 s left in all"
    assert fitted(*parts, 20) == "[2/3] baseline"
    assert fitted(*parts, 10) == "[2/3] ba…"
    assert fitted("[2/3] baseline", "損失率は零点二五です", "", 30) == "[2/3] baseline ... 損失率は…"


def test_a_line_is_shown_as_it_would_look_in_the_end() -> None:
    assert plain("\x1b[31mloss\x1b[0m\t0.25\x07 \x1b]0;a title\x07of it\x00\u202e") == "loss 0.25 of it"
    assert plain(" 10% |=   |\r100% |====|\r") == "100% |====|"


@dataclass
class Terminal:
    """The lines of a terminal, broken into rows, again when its width changes.

    It accepts the output of Progress: text, carriage return, line feed, and clearing to the end of row
    or screen.
    """

    columns: int
    # Of each line its columns; the second one of a wide character is empty.
    lines: list[list[str]] = field(default_factory=lambda: [[]])
    at: int = 0
    full: bool = False
    # Where a whole screen goes that is cleared, as tmux and others do it.
    history: list[str] = field(default_factory=list)

    def feed(self, text: str) -> None:
        """Take what is written to the terminal."""
        for part in re.findall(r"\x1b\[[JK]|[^\x1b]", text):
            if part == "\x1b[J":
                if self.at == 0 and len(self.lines) == 1:
                    self.history += self.rows()
                del self.lines[-1][self.at :]
            elif part == "\x1b[K":
                del self.lines[-1][self.at : (self.at // self.columns + 1) * self.columns]
            elif part == "\r":
                # After its last column the cursor is still in the same row.
                self.at -= self.columns if self.full else self.at % self.columns
                self.full = False
            elif part == "\n":
                self.lines.append([])
                self.at, self.full = 0, False
            else:
                self._put(part)

    def _put(self, sign: str) -> None:
        columns = wcwidth(sign)
        assert columns >= 0, f"{sign!r} is written as it is"
        if columns == 0:
            self.lines[-1][self.at - 1] += sign
            return
        self.lines[-1][self.at : self.at + columns] = [sign, *[""] * (columns - 1)]
        self.at += columns
        self.full = self.at % self.columns == 0

    def rows(self) -> list[str]:
        """Return all rows but empty ones."""
        rows = [
            "".join(line[at : at + self.columns])
            for line in self.lines
            for at in range(0, len(line), self.columns)
        ]
        return [*self.history, *(row for row in rows if row.strip())]


@dataclass
class Screen:
    """A pseudo terminal whose writer is `stream`."""

    terminal: Terminal
    stream: TextIO
    master: int

    def rows(self) -> list[str]:
        """Return the rows shown now."""
        os.set_blocking(self.master, False)
        try:
            while chunk := os.read(self.master, 65536):
                self.terminal.feed(chunk.decode(self.stream.encoding))
        except BlockingIOError:
            return self.terminal.rows()
        raise AssertionError("the terminal was closed")

    def resize(self, columns: int) -> None:
        """Change the width."""
        self.rows()
        self.terminal.columns = columns
        termios.tcsetwinsize(self.stream.fileno(), (24, columns))


@pytest.fixture
def open_screen(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[..., Screen]]:
    """Return a function that opens a pseudo terminal of some width."""
    monkeypatch.setenv("TERM", "xterm")
    screens: list[Screen] = []

    def _open(columns: int, encoding: str = "utf-8") -> Screen:
        master, slave = pty.openpty()
        stream = os.fdopen(slave, "w", encoding=encoding)
        screens.append(Screen(Terminal(columns), stream, master))
        screens[-1].resize(columns)
        return screens[-1]

    yield _open
    for screen in screens:
        screen.stream.close()
        os.close(screen.master)


HARD_LINES = [
    "short",
    "expected from 0.25 to 0.32; observed 0.2861 " * 5,
    "\x1b[1;31mWARNING\x1b[0m: " + "colours " * 20,
    "\ta\ttable\tof\tmany\tcolumns" * 5,
    "".join(f"\r{percent:3}% |{'=' * percent}" for percent in range(100)),
    "損失率は零点二五です " * 12,
    "e\u0301" * 120,
    "bell \x07 and back \b and up \x1b[A and home \x1b[H and clear \x1b[2J and title \x1b]0;x\x07",
]


def _hard_run(
    screen: Screen, expected_s: dict[str, float], resize: Callable[[int], None] = lambda _: None
) -> None:
    progress = Progress(screen.stream, Forecast(expected_s, ORDER))
    for ended, stage in enumerate(ORDER):
        progress.begin(stage)
        progress.line("> python -m tasks run some")
        for number, line in enumerate(HARD_LINES):
            progress.line(line)
            assert len(screen.rows()) == ended + 1
            resize(number)
        progress.end(Outcome.COMPLETED)


@pytest.mark.parametrize("expected_s", [{}, dict.fromkeys(ORDER, 3000.0)])
@pytest.mark.parametrize("columns", [117, 80, 40, 27])
def test_a_terminal_shows_one_row_for_each_step(
    open_screen: Callable[..., Screen], columns: int, expected_s: dict[str, float]
) -> None:
    screen = open_screen(columns)
    _hard_run(screen, expected_s)
    assert screen.rows() == [
        "[1/3] fetch: done in 0 s",
        "[2/3] baseline: done in 0…" if columns == 27 else "[2/3] baseline: done in 0 s",
        "[3/3] sweep: done in 0 s",
    ]


@pytest.mark.parametrize("columns", [20, 9, 1])
def test_a_very_narrow_terminal_shows_the_beginning(
    open_screen: Callable[..., Screen], columns: int
) -> None:
    screen = open_screen(columns)
    _hard_run(screen, dict.fromkeys(ORDER, 3000.0))
    assert [row[0] for row in screen.rows()] == (["[", "[", "["] if columns > 1 else ["…", "…", "…"])


def test_a_terminal_made_narrower_and_wider_keeps_no_residue(open_screen: Callable[..., Screen]) -> None:
    screen = open_screen(100)
    _hard_run(
        screen, dict.fromkeys(ORDER, 3000.0), lambda number: screen.resize((30, 100, 45, 80)[number % 4])
    )
    screen.resize(80)
    assert [row.partition(":")[0] for row in screen.rows()] == [
        "[1/3] fetch",
        "[2/3] baseline",
        "[3/3] sweep",
    ]


@pytest.mark.parametrize(("variable", "columns"), [("50", 50), ("", 80), ("many", 80)])
def test_a_terminal_of_unknown_width_is_as_wide_as_the_environment_sets(
    open_screen: Callable[..., Screen], monkeypatch: pytest.MonkeyPatch, variable: str, columns: int
) -> None:
    monkeypatch.setenv("COLUMNS", variable)
    monkeypatch.setattr(sys, "__stdout__", io.StringIO())
    screen = open_screen(columns)
    termios.tcsetwinsize(screen.stream.fileno(), (0, 0))
    progress = Progress(screen.stream)
    progress.begin("fetch")
    progress.line("> python -m tasks run some")
    progress.line("x" * 200)
    assert [len(row) for row in screen.rows()] == [columns - 1]


def test_what_a_terminal_cannot_encode_is_no_wider(open_screen: Callable[..., Screen]) -> None:
    screen = open_screen(40, encoding="latin-1")
    _hard_run(screen, {})
    assert len(screen.rows()) == 3


@pytest.mark.parametrize("term", ["dumb", None])
def test_a_terminal_that_cannot_clear_gets_plain_lines(
    open_screen: Callable[..., Screen], monkeypatch: pytest.MonkeyPatch, term: str | None
) -> None:
    monkeypatch.setenv("TERM", term) if term else monkeypatch.delenv("TERM")
    screen = open_screen(200)
    _run(screen.stream, {})
    assert screen.rows() == [
        "[1/3] fetch: nothing to do",
        "[2/3] baseline ... epoch 3/10",
        "[2/3] baseline: done in 0 s",
        "[3/3] sweep: failed",
    ]


def test_what_is_logged_meanwhile_has_a_row_of_its_own(
    open_screen: Callable[..., Screen], monkeypatch: pytest.MonkeyPatch
) -> None:
    screen = open_screen(80)
    monkeypatch.setattr(logging.root, "handlers", [logging.StreamHandler(screen.stream)])
    progress = Progress(screen.stream)
    with watching(progress):
        progress.begin("fetch")
        progress.line("> python -m tasks run some")
        progress.line("a line that is longer than the warning")
        logging.getLogger("other").warning("waiting for DVC")
        progress.line("on we go")
        assert screen.rows() == ["waiting for DVC", "[1/1] fetch ... on we go"]
        progress.end(Outcome.COMPLETED)
    logging.getLogger("other").warning("over")
    assert screen.rows() == ["waiting for DVC", "[1/1] fetch: done in 0 s", "over"]
