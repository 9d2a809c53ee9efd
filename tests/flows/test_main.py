import os
import subprocess
import sys
from pathlib import Path

import pytest

PROJECT = Path(__file__).parents[2]
# What takes seconds to import on a busy machine.
_LARGE = ("prefect", "dvc", "dvc_objects", "pydantic", "numpy", "requests", "sqlalchemy", "fsspec")


def _written(*arguments: str) -> list[str]:
    """Return what ``python -m flows`` writes to the terminal, with a line of Python's own for each import."""
    command = [sys.executable, "-X", "importtime", "-m", "flows", *arguments]
    return subprocess.run(command, cwd=PROJECT, capture_output=True, text=True).stderr.splitlines()


def _is_large(line: str) -> bool:
    return (
        line.startswith("import time:") and line.rpartition("|")[2].strip().partition(".")[0] in _LARGE
    )


def test_a_run_says_what_it_does_before_anything_large_is_imported() -> None:
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
    done = subprocess.run(
        [sys.executable, "-m", "flows", "serve"],
        cwd=tmp_path, env={**os.environ, "PYTHONPATH": str(PROJECT)}, capture_output=True, text=True,
    )  # fmt: skip
    told = (
        f"error: {tmp_path / missing} is missing. Run from the project's folder, or restore the file.\n"
    )
    assert (done.returncode, done.stderr) == (1, told)
    assert [path.name for path in tmp_path.iterdir()] == there
