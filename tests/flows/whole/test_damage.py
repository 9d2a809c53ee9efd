"""A damaged file in DVC's cache, which DVC restores as good, met through either door."""

import re
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path

import pytest

from litesmith.files import read_yaml, write_text, yaml_text
from tasks import catalog
from tests.flows.marked import Commands

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("doors")]


@dataclass
class Seen:
    """What was seen of a workspace whose model was damaged in DVC's cache.

    Attributes:
        place: Where the model lies in the cache.
        doors: Exit code and words of each door, by name.
        trained: Whether the step after it left a model.
        mended: Exit codes of the way out that was told, and of what had failed.
        model: The model before, and after the way out.
    """

    place: str
    doors: dict[str, tuple[int, str]]
    trained: bool
    mended: list[int]
    model: tuple[bytes, bytes]


@pytest.fixture(scope="module")
def seen(reference: Commands, tmp_path_factory: pytest.TempPathFactory) -> Seen:
    reference.wait_for(lambda: not reference.alive(), "dvc repro", 900)
    folder = tmp_path_factory.mktemp("damage") / "ws"
    shutil.copytree(reference.folder, folder, ignore=shutil.ignore_patterns("tmp", "*.log"))
    commands, model = Commands(folder), folder / catalog.TUNED_MODEL
    before = model.read_bytes()
    place = _damage(folder)
    model.unlink()
    _ask_for_another_pruning(folder)
    doors = {}
    for door in (("dvc", "repro", "prune"), ("flows", "retrain")):
        doors[door[0]] = commands.run(*door)
    trained = (folder / catalog.PRUNED_MODEL).exists()
    way = re.search(r"`(rm -rf [^`]+) && (dvc repro sweep)`", doors["dvc"][1])
    assert way, doors["dvc"][1]
    subprocess.run(way[1].split(), cwd=folder, check=True)
    mended = [commands.run(*way[2].split())[0], commands.run("dvc", "repro", "prune")[0]]
    return Seen(
        place.relative_to(folder).as_posix(), doors, trained, mended, (before, model.read_bytes())
    )


def _damage(folder: Path) -> Path:
    """Change a byte of the model in DVC's cache, and return where it lies there."""
    outs = read_yaml(folder / "dvc.lock")["stages"]["sweep"]["outs"]
    (md5,) = (out["md5"] for out in outs if out["path"] == catalog.TUNED_MODEL.as_posix())
    place = folder / ".dvc/cache/files/md5" / md5[:2] / md5[2:]
    content = bytearray(place.read_bytes())
    content[len(content) // 2] ^= 1
    place.chmod(0o644)
    place.write_bytes(content)
    place.chmod(0o444)  # as DVC keeps what it trusts
    return place


def _ask_for_another_pruning(folder: Path) -> None:
    content = read_yaml(folder / catalog.PARAMS)
    content["prune"]["recipe"]["learning_rate"] /= 2
    write_text(folder / catalog.PARAMS, yaml_text(content))


@pytest.mark.parametrize("door", ["dvc", "flows"])
def test_the_damaged_file_is_named_and_nothing_is_trained_on_it(seen: Seen, door: str) -> None:
    code, said = seen.doors[door]
    assert code != 0
    assert "step prune cannot run: models/tuned.h5 has another content: expected MD5" in said
    assert f"DVC's own copy is damaged too and would be restored in every run: {seen.place}." in said
    assert "Traceback" not in said
    assert not seen.trained


def test_the_way_out_that_it_names_ends_it(seen: Seen) -> None:
    assert seen.mended == [0, 0]
    assert seen.model[0] == seen.model[1]
