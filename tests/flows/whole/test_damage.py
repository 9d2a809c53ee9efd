"""A damaged file in DVC's cache, which DVC restores as good, under DVC and under the flow."""

import re
import shutil
import subprocess
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from litesmith.files import read_yaml, write_text, yaml_text
from tasks import catalog
from tests.flows.marked import Commands

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]


# An output of a step that takes a second to make again, and read where a network is trained.
_DAMAGED = catalog.FORM
_MAKER, _READER = "prepare", "baseline"


@dataclass
class Seen:
    """A workspace a file of which was damaged in DVC's cache.

    Attributes:
        place: Path of the file in the cache.
        outputs: Exit code and output of each command, by name.
        trained: Whether the step that reads it left a model.
        mended: Exit codes of the suggested fix, and of what had failed.
        content: The file's content before, and after the fix.
    """

    place: str
    outputs: dict[str, tuple[int, str]]
    trained: bool
    mended: list[int]
    content: tuple[bytes, bytes]


@pytest.fixture(scope="module")
def seen(
    reference: Commands,
    tmp_path_factory: pytest.TempPathFactory,
    with_database: Callable[[Path], Path],
) -> Seen:
    reference.wait_for(lambda: not reference.alive(), "dvc repro", 900)
    folder = tmp_path_factory.mktemp("damage") / "ws"
    shutil.copytree(reference.folder, folder, ignore=shutil.ignore_patterns("tmp", "*.log"))
    commands, damaged = Commands(with_database(folder)), folder / _DAMAGED
    before = damaged.read_bytes()
    place = _damage(folder)
    damaged.unlink()
    _change_training(folder)
    outputs = {}
    for command in (("dvc", "repro", _READER), ("flows", "retrain")):
        outputs[command[0]] = commands.run(*command)
    trained = (folder / catalog.BASELINE_MODEL).exists()
    fix = re.search(rf"`(rm -rf [^`]+) && (dvc repro {_MAKER})`", outputs["dvc"][1])
    assert fix, outputs["dvc"][1]
    subprocess.run(fix[1].split(), cwd=folder, check=True)
    mended = [commands.run(*fix[2].split())[0], commands.run("dvc", "repro", _READER)[0]]
    return Seen(
        place.relative_to(folder).as_posix(), outputs, trained, mended, (before, damaged.read_bytes())
    )


def _damage(folder: Path) -> Path:
    """Change a byte of the file in DVC's cache, and return its path there."""
    outs = read_yaml(folder / "dvc.lock")["stages"][_MAKER]["outs"]
    (md5,) = (out["md5"] for out in outs if out["path"] == _DAMAGED.as_posix())
    place = folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.chmod(0o644)
    place.write_bytes(content)
    place.chmod(0o444)  # as DVC protects what it trusts
    return place


def _change_training(folder: Path) -> None:
    content = read_yaml(folder / catalog.PARAMS)
    content[_READER]["learning_rate"] /= 2
    write_text(folder / catalog.PARAMS, yaml_text(content))


@pytest.mark.parametrize("command", ["dvc", "flows"])
def test_the_damaged_file_is_named_and_nothing_is_trained_on_it(seen: Seen, command: str) -> None:
    code, output = seen.outputs[command]
    assert code != 0
    assert f"step {_READER} cannot run: {_DAMAGED} has another content: expected MD5" in output
    assert f"DVC's own copy is damaged too and would be restored in every run: {seen.place}." in output
    assert "Traceback" not in output
    assert not seen.trained


def test_the_suggested_fix_works(seen: Seen) -> None:
    assert seen.mended == [0, 0]
    assert seen.content[0] == seen.content[1]
