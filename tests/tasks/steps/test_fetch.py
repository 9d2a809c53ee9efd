import os
from pathlib import Path
from typing import Any

import pytest

from litesmith.errors import MachineError, SourcesError
from tasks import catalog
from tasks.steps.fetch import Ins, Outs, fetch
from tests.conftest import ROLES, SmallSet


def run(small_set: SmallSet) -> None:
    fetch.function(ins=Ins(), outs=Outs(), **fetch.arguments(small_set.params))


def test_the_four_files_are_brought(
    small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    run(small_set)
    for role in ROLES:
        assert (Path("data/raw") / small_set.path(role).name).read_bytes() == small_set.path(
            role
        ).read_bytes()
    assert len(list(Path("data/raw").iterdir())) == 4


def test_a_failed_fetch_leaves_nothing(
    small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    small_set.path("test_labels").unlink()
    with pytest.raises(SourcesError, match=r"t10k-labels-idx1-ubyte\.gz is missing in"):
        run(small_set)
    assert list(Path("data/raw").iterdir()) == []


def test_full_disk(small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    part = f".train-images-idx3-ubyte.part{os.getpid()}.gz"
    make_folder = Path.mkdir

    def with_a_full_disk(folder: Path, *arguments: Any, **more: Any) -> None:
        make_folder(folder, *arguments, **more)
        if folder == catalog.RAW and not (folder / part).is_symlink():
            (folder / part).symlink_to("/dev/full")

    monkeypatch.setattr(Path, "mkdir", with_a_full_disk)
    with pytest.raises(
        MachineError, match=r"data/raw/train-images-idx3-ubyte\.gz: the disk is full: free some space"
    ):
        run(small_set)


def test_the_step_names_its_parameters_and_inputs() -> None:
    assert fetch.name == "fetch"
    assert list(fetch.sections) == ["fetch", "dataset"]
    assert "seed" not in fetch.keywords
    assert fetch.ins == ()
