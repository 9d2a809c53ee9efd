import json
import os
from datetime import timedelta
from pathlib import Path

import pytest

from tasks import catalog
from tasks.dag import lock
from tasks.dag.lock import RUN_VARIABLE
from tasks.dag.refusing import occasion

FLOW = "python -m flows retrain --profile nightly"
STEP = "python -m tasks run validate"


@pytest.mark.parametrize(
    ("command", "stage", "again"),
    [
        (FLOW, "validate", FLOW),
        (STEP, "", STEP),
        (STEP, "validate", "dvc repro"),
        ("python -m prefect.engine", "validate", "dvc repro"),
    ],
)
def test_the_command_of_a_refusal_can_be_run_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, command: str, stage: str, again: str
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.delenv(RUN_VARIABLE, raising=False)
    monkeypatch.delenv("DVC_STAGE", raising=False)
    if stage:
        monkeypatch.setenv("DVC_STAGE", stage)
    holder = {"command": command, "pid": os.getpid(), "since": "2026-11-30T02:30:00Z"}
    path = tmp_path / catalog.LOCK
    path.parent.mkdir()
    path.write_text(json.dumps(holder))
    told = occasion()
    assert (told.run, told.again.replace(f"--cd {tmp_path} ", "")) == (None, again)
    assert isinstance(told.when.utcoffset(), timedelta)
    monkeypatch.setenv(RUN_VARIABLE, "20261130T023000Z-cat")
    assert occasion().run == "20261130T023000Z-cat"


def test_without_a_holder_this_command_is_named(tmp_path: Path) -> None:
    assert lock.holding_command(tmp_path) == lock.this_command()
    path = tmp_path / catalog.LOCK
    path.parent.mkdir()
    path.write_text("")
    assert lock.holding_command(tmp_path) == lock.this_command()
