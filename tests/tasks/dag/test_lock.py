import fcntl
import os
import signal
import subprocess
import sys
from pathlib import Path
from unittest.mock import patch

import pytest

from litesmith.errors import BusyError, MachineError
from tasks.dag.lock import HOLDER, holding, lock_environment, running_step, serving_alone, stepping

PROJECT = Path(__file__).parents[3]
HOLD = "import sys, time; from pathlib import Path; from tasks.dag.lock import holding\n"
HOLD += "with holding(Path(sys.argv[1])): print('held', flush=True); time.sleep(60)"


def hold_elsewhere(root: Path) -> subprocess.Popen[str]:
    process = subprocess.Popen(
        [sys.executable, "-c", HOLD, str(root)], cwd=PROJECT, stdout=subprocess.PIPE, text=True
    )
    assert process.stdout is not None
    assert process.stdout.readline() == "held\n"
    return process


def test_the_second_is_refused_with_the_holder(tmp_path: Path) -> None:
    other = hold_elsewhere(tmp_path)
    message = rf"(?s)held by `python -c .* \(pid {other.pid}, since 20.*kill {other.pid}"
    with pytest.raises(BusyError, match=message), holding(tmp_path):
        pass
    other.kill()
    other.wait()


def test_a_killed_holder_holds_nothing(tmp_path: Path) -> None:
    other = hold_elsewhere(tmp_path)
    other.send_signal(signal.SIGKILL)
    other.wait()
    with holding(tmp_path):
        assert str(os.getpid()) in (tmp_path / ".litesmith/run.lock").read_text()


def test_a_lock_that_was_released_names_nobody(tmp_path: Path) -> None:
    with pytest.raises(RuntimeError), holding(tmp_path), stepping(tmp_path), serving_alone(tmp_path):
        raise RuntimeError
    left = {path.name: path.read_text() for path in (tmp_path / ".litesmith").iterdir()}
    assert left == {"run.lock": "", "step.lock": "", "serve.lock": ""}


def test_a_holder_without_a_name_yet_is_not_taken_for_a_killed_one(tmp_path: Path) -> None:
    other = hold_elsewhere(tmp_path)
    other.kill()
    other.wait()
    lock = tmp_path / ".litesmith/run.lock"
    assert str(other.pid) in lock.read_text()
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        message = r"this workspace is busy: held by a process that cannot be named here \(.*, or try again in a moment"
        with pytest.raises(BusyError, match=message), holding(tmp_path):
            pass


@pytest.mark.parametrize(
    "content",
    ['{"comm', "[1]", "7", "{}", '{"pid": 1}', '{"pid": "x", "command": "a", "since": "2026-01-01"}',
     '{"pid": 1, "command": "", "since": "2026-01-01"}', '{"pid": 1, "command": "run", "since": "yesterday"}'],
)  # fmt: skip
def test_a_lock_file_that_was_damaged_names_nobody(tmp_path: Path, content: str) -> None:
    lock = tmp_path / ".litesmith/step.lock"
    lock.parent.mkdir()
    lock.write_text(content)
    assert running_step(tmp_path) is None
    with lock.open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        message = "this workspace is busy: held by a process that cannot be named here"
        with (
            pytest.raises(BusyError, match=message),
            patch("tasks.dag.lock._STEP_PATIENCE_S", 0),
            stepping(tmp_path),
        ):
            pass
    with stepping(tmp_path):
        assert str(os.getpid()) in lock.read_text()


def test_what_a_holder_starts_works_under_its_lock(tmp_path: Path) -> None:
    code = "import sys; from pathlib import Path; from tasks.dag.lock import holding\n"
    code += "with holding(Path(sys.argv[1])): print('under it')"
    command = [sys.executable, "-c", code, str(tmp_path)]
    with holding(tmp_path):
        content = (tmp_path / ".litesmith/run.lock").read_text()
        environment = {**os.environ, **lock_environment()}
        child = subprocess.run(
            command, cwd=PROJECT, env=environment, capture_output=True, text=True, check=False
        )
        assert (tmp_path / ".litesmith/run.lock").read_text() == content
        stranger = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=False)
    assert child.stdout == "under it\n"
    assert "BusyError" in stranger.stderr


def test_a_claim_to_a_lock_that_nobody_holds_takes_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(HOLDER, "1")
    with holding(tmp_path):
        monkeypatch.delenv(HOLDER)
        with pytest.raises(BusyError), holding(tmp_path):
            pass


def test_a_folder_that_cannot_be_written_is_explained(tmp_path: Path) -> None:
    (tmp_path / ".litesmith").write_text("a file where the folder should be")
    with pytest.raises(MachineError, match="The workspace's folder must be writable"), holding(tmp_path):
        pass


def test_a_second_server_of_a_project_is_refused_with_the_first(tmp_path: Path) -> None:
    message = rf"served already: by `python .*` \(pid {os.getpid()}, since 20.*stop it with `kill {os.getpid()}`"
    with serving_alone(tmp_path), pytest.raises(BusyError, match=message), serving_alone(tmp_path):
        pass
    with (tmp_path / ".litesmith/serve.lock").open() as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        with (
            pytest.raises(BusyError, match="served already: by a process that cannot be named here"),
            serving_alone(tmp_path),
        ):
            pass
    with serving_alone(tmp_path), holding(tmp_path):
        assert not (tmp_path / ".litesmith/step.lock").exists()
