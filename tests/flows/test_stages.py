import os
import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path

import psutil
import pytest
from dvc.repo import Repo

from flows.stages import StageError, Stages
from litesmith.errors import MachineError
from litesmith.files import read_yaml, write_json, write_text, yaml_text
from litesmith.records.run import Outcome
from tasks.dag.dvcfile import MAYBE_EMPTY

# Two processes that a kill of the command alone would leave behind.
_SLEEPS = (
    "import subprocess, sys, time; "
    "subprocess.Popen([sys.executable, '-c', 'import time; time.sleep(300)']); "
    "print('asleep', flush=True); time.sleep(300)"
)
_FAILS = (
    "import sys; print('epoch 1'); "
    "sys.exit('error: sparsity must lie in [0, 1), got 80.\\nWrite 0.8 for 80 %.')"
)
_BREAKS = "import nothing_of_this_name"


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace of two stages that copy a file, and some that do not end well."""
    with Repo.init(str(tmp_path), no_scm=True):
        pass
    copy = "import shutil, sys; print('copying'); shutil.copy(*sys.argv[1:])"
    (tmp_path / "double.py").write_text(copy)
    for name, code in (("sleeps", _SLEEPS), ("fails", _FAILS), ("breaks", _BREAKS)):
        (tmp_path / f"{name}.py").write_text(code)
    alone = {
        name: {"cmd": f"python {name}.py", "deps": [f"{name}.py"]}
        for name in ("sleeps", "fails", "breaks")
    }
    chain = {
        "last": {"cmd": "python double.py b c", "deps": ["b"], "outs": ["c"]},
        "first": {"cmd": "python double.py a b", "deps": ["a"], "outs": ["b"]},
    }
    write_text(tmp_path / "dvc.yaml", yaml_text({"stages": {**chain, **alone}}))
    (tmp_path / "a").write_text("one")
    return tmp_path


def _run(
    root: Path, stage: str, *, limit_s: float = 60, show: Callable[[str], None] = lambda _: None
) -> Outcome:
    with Stages(root) as stages:
        return stages.reproduce(stage, show, time_limit_s=limit_s, extra={})


def _below() -> set[int]:
    return {
        child.pid for child in psutil.Process().children(recursive=True) if child.status() != "zombie"
    }


@pytest.mark.slow
def test_a_stage_is_completed_then_up_to_date_then_restored(root: Path) -> None:
    before = _below()
    with Stages(root) as stages:
        order = stages.names()
        assert order.index("first") < order.index("last")
        assert stages.is_stale("first")
        assert not stages.is_available("first")
        lines: list[str] = []
        assert stages.reproduce("first", lines.append, time_limit_s=60, extra={}) is Outcome.COMPLETED
        assert "copying" in lines
        assert not stages.is_stale("first")
        assert stages.is_available("first")
        assert _below() > before
    assert _below() <= before
    (root / "b").unlink()
    with Stages(root) as stages:
        assert stages.is_stale("first")
        assert stages.is_available("first")
    assert _run(root, "first") is Outcome.RESTORED
    assert (root / "b").read_text() == "one"
    assert _run(root, "first") is Outcome.UP_TO_DATE


@pytest.mark.slow
def test_dvc_warns_of_an_empty_folder_only_where_there_should_be_something(root: Path) -> None:
    content = read_yaml(root / "dvc.yaml")
    outs = [{"none": {"meta": {MAYBE_EMPTY: True}}}, "models", "sub/none"]
    content["stages"] = {"folders": {"cmd": "mkdir -p none models sub/none", "outs": outs}}
    write_text(root / "dvc.yaml", yaml_text(content))
    lines: list[str] = []
    assert _run(root, "folders", show=lines.append) is Outcome.COMPLETED
    warnings = [line for line in lines if "empty" in line]
    assert warnings == ["WARNING: 'models' is empty.", "WARNING: 'sub/none' is empty."]


@pytest.mark.slow
def test_the_locks_of_a_killed_run_are_taken_without_a_warning(
    root: Path, capfd: pytest.CaptureFixture[str], caplog: pytest.LogCaptureFixture
) -> None:
    dead = {"pid": 2**22 + 1, "cmd": "python -m flows retrain"}
    write_json(
        root / ".dvc/tmp/rwlock", {"write": {str(root / "b"): dead}, "read": {str(root / "a"): [dead]}}
    )
    lines: list[str] = []
    with Stages(root) as stages:
        assert stages.is_stale("first")
        write_json(
            root / ".dvc/tmp/rwlock",
            {"write": {str(root / "b"): dead}, "read": {str(root / "a"): [dead]}},
        )
        assert stages.reproduce("first", lines.append, time_limit_s=60, extra={}) is Outcome.COMPLETED
    assert [line for line in lines if "killed" in line] == []
    assert "killed" not in "".join(capfd.readouterr()) + caplog.text


@pytest.mark.slow
def test_a_guarded_stage_is_not_run_by_another_dvc_command(root: Path) -> None:
    command = [sys.executable, "-m", "dvc", "repro", "--force", "--single-item", "first"]
    with Stages(root) as stages:
        stages.reproduce("first", lambda _: None, time_limit_s=60, extra={})
        stages.guard("first")
        refused = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert f"(PID {os.getpid()}): python " in refused.stderr
        assert (root / "b").read_text() == "one"
        assert stages.reproduce("last", lambda _: None, time_limit_s=60, extra={}) is Outcome.COMPLETED
    assert subprocess.run(command, cwd=root, capture_output=True, check=False).returncode == 0


@pytest.mark.slow
def test_another_dvc_command_is_waited_for(root: Path, caplog: pytest.LogCaptureFixture) -> None:
    with Stages(root) as stages, Repo(str(root)) as other:
        other.lock.lock()
        threading.Timer(4.0, other.lock.unlock).start()
        assert stages.is_stale("first")
    assert "waiting for another DVC command" in caplog.text


@pytest.mark.slow
def test_another_dvc_command_that_stays_is_explained(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("flows.stages._PATIENCE_S", 0.0)
    expected = (
        f"DVC cannot work in {root}: Unable to acquire lock"
        ".* no other DVC command at work in this folder"
    )
    with Stages(root) as stages, Repo(str(root)) as other, other.lock:
        for method in (stages.is_stale, stages.is_available):
            with pytest.raises(MachineError, match=expected):
                method("first")


def test_with_stages_dvc_is_closed(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    closed: list[str] = []
    monkeypatch.setattr(Repo, "close", lambda repo: closed.append(repo.root_dir))
    with Stages(root) as stages:
        assert not stages.is_available("first")
        assert closed == []
    assert closed == [str(root)]


@pytest.mark.slow
def test_after_each_stage_a_process_waits_for_the_next(root: Path) -> None:
    with Stages(root) as stages:
        assert stages.reproduce("first", lambda _: None, time_limit_s=60, extra={}) is Outcome.COMPLETED
        assert stages.reproduce("last", lambda _: None, time_limit_s=60, extra={}) is Outcome.COMPLETED
        # other tests in this process may have left children, such as Python's resource tracker
        (killed,) = [
            child for child in psutil.Process().children() if "standby.py" in " ".join(child.cmdline())
        ]
        killed.kill()
        killed.wait()
        (root / "c").unlink()
        assert stages.reproduce("last", lambda _: None, time_limit_s=60, extra={}) is Outcome.RESTORED


@pytest.mark.slow
def test_a_failed_stage_has_the_error_of_the_step(root: Path) -> None:
    with pytest.raises(StageError) as caught:
        _run(root, "fails")
    assert str(caught.value) == "stage fails: sparsity must lie in [0, 1), got 80.\nWrite 0.8 for 80 %."
    with pytest.raises(
        StageError, match=r"stage breaks: DVC ended with 255(.|\n)*No module named 'nothing_of_this_name"
    ):
        _run(root, "breaks")


@pytest.mark.slow
def test_a_stage_over_its_time_limit_is_stopped_with_all_below_it(root: Path) -> None:
    before = _below()
    with pytest.raises(
        StageError, match=r"stage sleeps was stopped after its time limit, 4 s \(retrain.stage_limit_s\)"
    ):
        _run(root, "sleeps", limit_s=4)
    assert _below() <= before


@pytest.mark.slow
def test_an_interrupted_stage_is_stopped_with_all_below_it(root: Path) -> None:
    before = _below()

    def _interrupt(line: str) -> None:
        if line == "asleep":
            assert len(_below() - before) >= 3
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        _run(root, "sleeps", show=_interrupt)
    assert _below() <= before


@pytest.mark.slow
def test_a_stage_runs_with_this_python_and_outside_any_other_stage(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DVC_ROOT", "/some/other/project")
    monkeypatch.setenv("DVC_STAGE", "other")
    monkeypatch.setenv("PATH", "/usr/bin:/bin")
    (root / "sleeps.py").write_text(
        "import os, sys; print(sys.executable, os.environ['DVC_ROOT'], os.environ['DVC_STAGE'])"
    )
    lines: list[str] = []
    _run(root, "sleeps", show=lines.append)
    (line,) = (line for line in lines if line.endswith(" sleeps"))
    python, at, _ = line.split()
    assert Path(python).parent == Path(sys.executable).parent
    assert Path(at) == root
