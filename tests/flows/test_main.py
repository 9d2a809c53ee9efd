import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from litesmith.files import write_json, write_text
from litesmith.records.record import write_record
from litesmith.records.service.release import no_pointers
from tasks import catalog
from tasks.dag.git import changed_code
from tests.flows.run_content import run_content
from tests.litesmith.history.made import result_content

PROJECT = Path(__file__).parents[2]
# What takes seconds to import on a busy machine.
_LARGE = ("prefect", "dvc", "dvc_objects", "pydantic", "numpy", "requests", "sqlalchemy", "fsspec")


def _written(*arguments: str) -> list[str]:
    """Return the output of ``python -m flows``, with a line of Python for each import."""
    command = [sys.executable, "-X", "importtime", "-m", "flows", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True).stderr.splitlines()


def _is_large(line: str) -> bool:
    return (
        line.startswith("import time:") and line.rpartition("|")[2].strip().partition(".")[0] in _LARGE
    )


def test_a_run_prints_its_state_before_anything_large_is_imported() -> None:
    lines = _written("retrain", "--profile", "no-such-profile")
    first = next(number for number, line in enumerate(lines) if not line.startswith("import time:"))
    assert lines[first] == "checking parameters, disk and memory ..."
    assert [line for line in lines[:first] if _is_large(line)] == []
    # What looks for them can find them.
    assert any(_is_large(line) for line in lines[first:])
    assert "no-such-profile" in lines[-1]


@pytest.mark.parametrize(("there", "missing"), [([], "params.yaml"), (["params.yaml"], "prefect.yaml")])
def test_in_another_folder_nothing_is_served_or_written(
    tmp_path: Path, there: list[str], missing: str
) -> None:
    for name in there:
        (tmp_path / name).touch()
    process = subprocess.run(
        [sys.executable, "-m", "flows", "serve"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True,
    )  # fmt: skip
    expected = (
        f"error: {tmp_path / missing} is missing. Run from the project's folder, or restore the file.\n"
    )
    assert (process.returncode, process.stderr) == (1, expected)
    assert [path.name for path in tmp_path.iterdir()] == there


IDS = ("20261101T000000Z-cat", "20261102T000000Z-dog")


def _git(folder: Path, *words: str) -> str:
    settings = ["-c", "user.name=a", "-c", "user.email=a@example.org", "-c", "commit.gpgsign=false"]
    command = ["git", *settings, *words]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout.strip()


@pytest.fixture(name="project")
def fixture_project(tmp_path: Path) -> Path:
    """A project with two runs, made from two revisions."""
    for name in ("params.yaml", "devices", "datasets"):
        source = PROJECT / name
        (shutil.copytree if source.is_dir() else shutil.copy)(source, tmp_path / name)
    write_record(tmp_path / catalog.IN_SERVICE, no_pointers())
    _git(tmp_path, "init", "--quiet")
    revisions = []
    for number, run in enumerate(IDS, start=1):
        write_text(tmp_path / "litesmith/training/loop.py", f"# {number}\n")
        _git(tmp_path, "add", "litesmith")
        _git(tmp_path, "commit", "--quiet", "-m", f"{number}")
        revisions.append(_git(tmp_path, "rev-parse", "HEAD"))
        git = {"revision": revisions[-1], "dirty": False, "unknown": None}
        started, name = f"2026-11-0{number}T00:00:00+00:00", run.partition("-")[2]
        result = result_content(0.93 + number / 1000, file=f"{number:064d}")
        record = run_content(started, name=name, git=git, result=result)
        write_json(tmp_path / catalog.RUNS / f"{run}.json", record)
    return tmp_path


def _compare(project: Path, *words: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "flows", "compare", *words]
    environment = {**os.environ, "PYTHONPATH": str(PROJECT)}
    return subprocess.run(command, cwd=project, env=environment, capture_output=True, text=True)


def test_the_command_writes_a_page_and_names_it(project: Path) -> None:
    done = _compare(project, "dog", "cat")
    path = project / "reports" / f"compare-{IDS[1]}-{IDS[0]}.html"
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{path}\n", "")
    page = path.read_text()
    assert "dog against cat: +0.10 points on test" in page
    assert "1 file differs, 1 commit apart. By folder: litesmith/training 1." in page
    done = _compare(project, "last", "mouse")
    assert done.returncode == 1 and done.stderr.startswith("error: there is no run 'mouse'.")


def test_code_of_revisions_that_git_does_not_know_is_not_compared(project: Path) -> None:
    files, _, unknown = changed_code(project, "0" * 40, "1" * 40)
    assert files == () and unknown.startswith("git does not know both revisions here (bad object")
