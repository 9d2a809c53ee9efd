import json
import os
import subprocess
import sys
import time
from datetime import datetime
from pathlib import Path

import pytest

from litesmith.files import write_json
from tasks import catalog
from tasks.commands.listing import STEPS, list_steps
from tasks.dag.lock import stepping
from tasks.pipeline import named

RUN_AT = datetime(2026, 11, 29, 19, 20).timestamp()


def _run(root: Path, name: str, wall_s: float) -> None:
    """Write what a step leaves in ``root``."""
    host = {"system": "Linux", "cpu": "some", "cores": 2, "python": "3.11.7"}
    spent = {"wall_s": wall_s, "cpu_s": 1.0, "peak_memory_mb": 1.0}
    provenance = {"step": name, **spent, "host": host, "versions": {}, "parameters": {}}
    for port in named(name).outs:
        (root / port.path).parent.mkdir(parents=True, exist_ok=True)
        (root / port.path).touch()
    write_json(root / named(name).provenance, provenance)
    os.utime(root / named(name).provenance, (RUN_AT, RUN_AT))


def _lines(root: Path) -> dict[str, str]:
    """Return the line of each step by its name."""
    lines = list_steps(root).splitlines()
    assert lines[0].split() == ["step", "state", "since", "took"]
    return {line.split()[0]: line for line in lines[1 : 1 + len(STEPS)]}


def test_each_step_has_a_line_with_state_and_time(tmp_path: Path) -> None:
    _run(tmp_path, "sweep", 754.2)
    _run(tmp_path, "prune", 42)
    (tmp_path / "models/pruned.h5").unlink()
    _run(tmp_path, "convert", 1.0)
    write_json(tmp_path / named("convert").provenance, {"step": "convert"})
    os.utime(tmp_path / named("convert").provenance, (RUN_AT, RUN_AT))
    lines = _lines(tmp_path)
    assert list(lines) == STEPS
    assert lines["fetch"].split() == ["fetch", "not", "run", "here"]
    assert lines["sweep"].split() == ["sweep", "done", "2026-11-29", "19:20", "12", "min", "34", "s"]
    assert " 1 of 5 outputs missing  2026-11-29 19:20  42 s" in lines["prune"]
    assert " record cannot be read " in lines["convert"]


@pytest.mark.parametrize("content", ["", "{", "[]", "null", '{"wall_s": null}'])
def test_a_record_that_cannot_be_read_is_named_as_that(tmp_path: Path, content: str) -> None:
    _run(tmp_path, "fetch", 1.0)
    (tmp_path / named("fetch").provenance).write_text(content)
    assert "record cannot be read" in _lines(tmp_path)["fetch"]


def test_a_step_that_runs_is_shown_as_running(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sys, "orig_argv", ["python", "-m", "tasks", "run", "teach"])
    _run(tmp_path, "teach", 42)
    before = time.time()
    with stepping(tmp_path):
        line = _lines(tmp_path)["teach"]
        assert line.startswith("teach     running ")
        assert abs(datetime.fromisoformat(" ".join(line.split()[2:4])).timestamp() - before) < 120
    assert " done " in _lines(tmp_path)["teach"]


def test_a_step_that_was_killed_is_not_shown_as_running(tmp_path: Path) -> None:
    ended = subprocess.Popen([sys.executable, "-c", ""])
    ended.wait()
    holder = {
        "command": "python -m tasks run teach",
        "pid": ended.pid,
        "since": "2026-11-29T19:20:00+00:00",
    }
    write_json(tmp_path / catalog.STEP_LOCK, holder)
    assert json.loads((tmp_path / catalog.STEP_LOCK).read_text()) == holder
    assert "not run here" in _lines(tmp_path)["teach"]


def test_every_line_fits_a_terminal(tmp_path: Path) -> None:
    for name in STEPS:
        _run(tmp_path, name, 359_999.0)
        (tmp_path / named(name).outs[0].path).unlink()
    for text in (list_steps(tmp_path), list_steps(tmp_path, files=True)):
        assert [line for line in text.splitlines() if len(line) > 79] == []


def test_files_are_shown_where_requested(tmp_path: Path) -> None:
    prune = list_steps(tmp_path, "prune")
    assert "  reads  models/tuned.h5\n" in prune
    assert "  writes models/pruned.h5\n" in prune
    assert "data/raw" not in prune
    everything = list_steps(tmp_path, files=True)
    assert "  reads  data/prepared/test\n" in everything
    assert everything.count("\n\n") == len(STEPS)
    assert "writes" not in list_steps(tmp_path)
