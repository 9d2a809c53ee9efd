"""Batches that arrive while DVC runs, and steps that are killed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from litesmith.data.rows import read_rows
from litesmith.files import read_yaml, write_text
from tasks import catalog
from tasks.workspace import make_workspace
from tests.batch_sets import write_arrays, write_pictures
from tests.conftest import change_dataset

ROOT = Path(__file__).parents[2]

# In the process of a step: as the file AT is opened, copy FROM to TO, or end at once.
_HOOK = """
import os, shutil, sys
at = os.environ.get("AT")
def hook(event, arguments):
    global at
    if at and event == "open" and at in str(arguments[0]):
        at = None
        if "TO" in os.environ:
            if not os.path.exists(os.environ["TO"]):
                shutil.copy(os.environ["FROM"], os.environ["TO"])
        else:
            os.kill(os.getpid(), 9)
sys.addaudithook(hook)
"""


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A workspace whose data set has no base, and a batch in a folder of its own."""
    folder = make_workspace(
        tmp_path / "ws", ROOT, {"dataset": "synthetic", "intake": {"num_workers": 1}}
    )
    change_dataset(folder, base=None, classes=["ant", "bee", "fly"], height=6, width=6)
    (folder / catalog.INCOMING).unlink()
    write_pictures(folder / "data/incoming/synthetic/a", 3, 1)
    write_arrays(tmp_path / "late.npz", 6, 2)
    write_text(tmp_path / "start/sitecustomize.py", _HOOK)
    return folder


def dvc(root: Path, *words: str, **variables: str) -> str:
    """Run a command of DVC with the hook and return what it prints."""
    path = os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]])
    start = {
        "PYTHONPATH": str(root.parent / "start"),
        "PATH": path,
        "FROM": str(root.parent / "late.npz"),
    }
    done = subprocess.run(
        [sys.executable, "-m", "dvc", *words],
        cwd=root,
        env={**os.environ, **start, **variables},
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        check=False,
    )
    return done.stdout


def taken_in(root: Path) -> list[str]:
    return sorted({row.batch for row in read_rows(root / catalog.INTAKE / "rows.csv")})


def locked(root: Path) -> list[str]:
    """Return the MD5s of all outputs of the stages but their provenance."""
    stages = read_yaml(root / "dvc.lock")["stages"].values()
    return sorted(
        out["md5"] for stage in stages for out in stage["outs"] if "provenance" not in out["path"]
    )


@pytest.mark.slow
@pytest.mark.parametrize(
    ("at", "seen"), [(".batches.part", ["a"]), (".arrivals.part", ["a", "late"])], ids=["intake", "list"]
)
def test_a_batch_that_arrives_while_a_step_ends_is_read_now_or_in_the_next_run(
    root: Path, at: str, seen: list[str]
) -> None:
    late = str(root / "data/incoming/synthetic/late.npz")
    output = dvc(root, "repro", "intake", AT=at, TO=late)
    assert "Running stage 'intake'" in output, output
    assert Path(late).is_file()
    assert taken_in(root) == seen
    output = dvc(root, "repro", "intake")
    assert taken_in(root) == ["a", "late"]
    assert "up to date" in dvc(root, "status", "intake", "arrivals")


@pytest.mark.slow
def test_steps_that_are_killed_leave_the_same_in_the_next_run(root: Path) -> None:
    write_arrays(root / "data/incoming/synthetic/b.npz", 6, 3)
    write_text(root / "data/incoming/synthetic/c.zip", "no archive")
    for at in (
        ".arrivals.part",
        "a/bee/001.png",
        "rows.json",
        ".images.part",
        ".rows.part",
        "form.part",
    ):
        output = dvc(root, "repro", "intake", AT=at)
        assert "failed to reproduce" in output, (at, output)
    dvc(root, "repro", "intake")
    disturbed = locked(root)
    for place in ("dvc.lock", "data/arrivals.csv"):
        (root / place).unlink()
    for place in (".litesmith", ".dvc/cache"):
        subprocess.run(["rm", "-rf", str(root / place)], check=True)
    dvc(root, "repro", "--force", "intake")
    assert locked(root) == disturbed
    assert taken_in(root) == ["a", "b"]
