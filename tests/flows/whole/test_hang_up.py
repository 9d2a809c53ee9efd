"""A run whose terminal is closed: the system sends SIGHUP, and writing to the terminal fails."""

import os
import pty
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from flows.serving.environment import HOME
from litesmith.files import read_json
from tasks import catalog
from tests.flows.marked import Commands
from tests.flows.served import tiny_project

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ends")]

_GONE_S = 10

# Runs a module as the first process of a terminal, as the window of a terminal does.
_IN_TERMINAL = """
import os, runpy, sys
terminal = os.open(sys.argv[1], os.O_RDWR)
for number in (0, 1, 2):
    os.dup2(terminal, number)
sys.argv = sys.argv[2:]
os.execv(sys.executable, [sys.executable, "-m", *sys.argv])
"""


@dataclass(frozen=True)
class Closed:
    """A run whose terminal was closed while a step of it ran."""

    code: int
    left: list[str]
    records: list[dict[str, Any]]
    states: list[str]
    index: str


@pytest.fixture(scope="module")
def closed(
    tmp_path_factory: pytest.TempPathFactory, with_database: Callable[[Path], Path]
) -> Iterator[Closed]:
    commands = Commands(with_database(tiny_project(tmp_path_factory.mktemp("closed") / "ws")))
    terminal, end = pty.openpty()
    try:
        run = subprocess.Popen(
            [sys.executable, "-c", _IN_TERMINAL, os.ttyname(end), "flows", "retrain"],
            cwd=commands.folder, env=commands._env(), start_new_session=True,
        )  # fmt: skip
        os.close(end)
        # the first step that takes seconds
        commands.find("-m", "tasks", "run", "validate", timeout_s=120)
        os.close(terminal)
        code = run.wait(60)
        left = commands.left_after(_GONE_S)
        records = [read_json(path) for path in (commands.folder / catalog.RUNS).glob("*.json")]
        yield Closed(
            code, left, records, _states(commands.folder), (commands.folder / catalog.INDEX).read_text()
        )
    finally:
        commands.stop()


def _states(folder: Path) -> list[str]:
    """Return the states of all flow runs as Prefect's database has them."""
    with closing(sqlite3.connect(folder / HOME / "prefect.db")) as database:
        return [state for (state,) in database.execute("select state_type from flow_run")]


def test_a_run_whose_terminal_is_closed_ends_as_stopped(closed: Closed) -> None:
    assert closed.code == 130
    assert closed.left == []


def test_it_leaves_a_record_and_the_index_shows_that_it_was_stopped(closed: Closed) -> None:
    (record,) = closed.records
    assert record["error"]
    *_, last = record["stages"].values()
    assert last["outcome"] == "Failed"
    assert "✗" in closed.index


def test_its_state_in_prefect_is_final(closed: Closed) -> None:
    assert len(closed.states) == 1
    assert closed.states[0] in {"CRASHED", "FAILED", "CANCELLED"}
