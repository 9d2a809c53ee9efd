"""The command lines under locales that are not UTF-8: words are read, files written, and texts printed all the same."""

import os
import shutil
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path

import pytest

from litesmith.files import read_json, write_text
from litesmith.records.service.release import LogLine
from tasks import catalog

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
    write_text(root / catalog.RELEASES_LOG, _line("Renée", "sandale légère: \u22122.27 points"))
    return root


def _line(by: str, why: str) -> str:
    """Return a line of the log of releases."""
    line = LogLine(
        when=datetime(2026, 11, 30, tzinfo=UTC), event="rolled back", dataset="d", device="w",
        version="d-w-0001", before="d-w-0002", by=by, why=why, revision=None, outcome=None, decision_sha256=None,
        candidate_sha256=None, gate_sha256=None, gate_images=None, discordant=None,
    )  # fmt: skip
    return line.model_dump_json() + "\n"


def test_names_with_accents_are_read_and_written_under_the_locale_c(root: Path) -> None:
    done = _run(root, "-m", "tasks", "releases")
    assert done.returncode == 0, done.stderr
    assert "by Renée: sandale légère: \u22122.27 points" in done.stdout.decode("utf-8")
    error = _run(root, "-m", "tasks", "promote", "--profile", "étée").stderr.decode("utf-8")
    assert "'étée' is not a profile. Did you mean été?" in error
    error = _run(root, "-m", "flows", "retrain", "--profile", "étée").stderr.decode("utf-8")
    assert "error: 'étée' is not a profile. Did you mean été? Known here: été." in error


@pytest.mark.parametrize(
    ("encoding", "said"),
    [("latin-1", b"Ren\xe9e: sandale l\xe9g\xe8re: -2.27"), ("ascii", b"Renee: sandale legere: -2.27")],
)
def test_a_terminal_that_is_not_utf_8_gets_what_it_can_show(
    root: Path, encoding: str, said: bytes
) -> None:
    done = _run(root, "-m", "tasks", "releases", PYTHONIOENCODING=encoding)
    assert done.returncode == 0, done.stderr
    assert said in done.stdout


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
