"""The command lines under locales that are not UTF-8: words are read, files written, and texts printed all the same."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

from litesmith.files import read_json, write_json, write_text
from tasks import catalog
from tests.litesmith.report.report_inputs import FINAL, report_summary

PROJECT = Path(__file__).parents[2]
# As Python has it where nobody set UTF-8, and did not set its own way out either.
PLAIN = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def _run(root: Path, *command: str, **environment: str) -> subprocess.CompletedProcess[bytes]:
    inherited = {name: value for name, value in os.environ.items() if name != "PYTHONIOENCODING"}
    variables = {**inherited, **PLAIN, **environment, "PYTHONPATH": str(PROJECT)}
    return subprocess.run(
        [sys.executable, *command], cwd=root, env=variables, capture_output=True, check=False
    )


@pytest.fixture
def root(tmp_path: Path) -> Path:
    """A project in a folder with accents, with a profile that has them, and a summary of its run."""
    root = tmp_path / "projé"
    write_text(root / "profiles/été.yaml", "dataset: {name: Vêtements}\n")
    write_text(root / "params.yaml", (PROJECT / "params.yaml").read_text(encoding="utf-8"))
    shutil.copytree(PROJECT / "devices", root / "devices")
    shutil.copytree(PROJECT / "datasets", root / "datasets")
    write_json(root / ".workspaces/été" / catalog.SUMMARY, _summary("légère-int8", 0.9273, 70512))
    return root


def _summary(final: str, accuracy: float, tflite_bytes: int) -> dict[str, Any]:
    """Return the summary of a report with a final file of this name, accuracy and size."""
    changed: dict[str, Any] = json.loads(report_summary().model_dump_json().replace(FINAL, final))
    variants = changed["results"]["evaluate"]["variants"]
    variants[final] |= {"accuracy": accuracy, "bytes": tflite_bytes}
    return changed


def test_names_with_accents_are_read_and_written_under_the_locale_c(root: Path) -> None:
    done = _run(root, "-m", "tasks", "reference", "--profile", "été")
    assert done.returncode == 0, done.stderr
    assert "The reference is légère-int8: 92.73 % on test, 70\u2009512 bytes." in done.stdout.decode(
        "utf-8"
    )
    assert read_json(root / catalog.REFERENCE)["final"] == "légère-int8"
    error = _run(root, "-m", "tasks", "reference", "--profile", "étée").stderr.decode("utf-8")
    assert "'étée' is not a profile. Did you mean été?" in error
    error = _run(root, "-m", "flows", "retrain", "--profile", "étée").stderr.decode("utf-8")
    assert "error: 'étée' is not a profile. Did you mean été? Known here: été." in error


@pytest.mark.parametrize(
    ("encoding", "name"),
    [("latin-1", b"l\xe9g\xe8re-int8"), ("ascii", b"legere-int8"), ("cp1252", b"l\xe9g\xe8re-int8")],
)
def test_a_terminal_that_is_not_utf_8_gets_what_it_can_show(
    root: Path, encoding: str, name: bytes
) -> None:
    done = _run(root, "-m", "tasks", "reference", "--profile", "été", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert done.stdout.startswith(b"The reference is " + name + b": 92.73 % on test, 70 512 bytes.")


def test_a_difference_is_printed_with_the_minus_that_a_terminal_has(root: Path) -> None:
    earlier = root / ".workspaces/été" / catalog.SUMMARY
    later = read_json(earlier)
    write_json(earlier, _summary("x", 0.95, 80512))
    _run(root, "-m", "tasks", "reference", "--profile", "été")
    write_json(earlier, later)
    done = _run(root, "-m", "tasks", "reference", "--profile", "été", PYTHONIOENCODING="ascii")
    assert b"Change: -2.27 points, -10000 bytes." in done.stdout


_IN_A_LIBRARY = """
from pathlib import Path
from litesmith.files import read_json, write_json, write_text, yaml_text
from litesmith.params.loading import read_dataset, read_sections
from tasks.profiles import laid
import sys
assert sys.getfilesystemencoding() == "ascii", sys.getfilesystemencoding()
content = read_sections(Path("params.yaml"))
names = ["Sandale l\\u00e9g\\u00e8re", *read_dataset("fashion-mnist", Path()).classes[1:]]
dataset = read_sections(Path("datasets/fashion-mnist.yaml"))
write_text(Path("datasets/mine.yaml"), yaml_text({**dataset, "classes": names}))
assert laid(Path(), {"dataset": "mine"})["dataset"] == "mine"
write_json(Path("out.json"), {"names": list(read_dataset("mine", Path()).classes), "folder": str(Path.cwd())})
assert read_json(Path("out.json"))["names"] == names
"""


def test_the_library_reads_and_writes_utf_8_without_the_mode(root: Path) -> None:
    done = _run(root, "-c", _IN_A_LIBRARY)
    assert done.returncode == 0, done.stderr
    written = read_json(root / "out.json")
    assert written["names"][0] == "Sandale légère"
    assert written["folder"] == str(root.resolve())
