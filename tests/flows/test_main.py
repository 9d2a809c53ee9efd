import os
import subprocess
import sys
from pathlib import Path

import pytest

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
