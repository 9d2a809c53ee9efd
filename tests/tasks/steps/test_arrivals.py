import logging
import shutil
from pathlib import Path

import pytest

from litesmith.errors import DataError
from litesmith.params.sections.dataset import Keyed
from tasks import catalog
from tasks.steps.arrivals import Ins, Outs, arrivals
from tests.batch_sets import write_arrays, write_pictures


@pytest.fixture
def folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder of a data set's batches, beside that of another."""
    monkeypatch.chdir(tmp_path)
    write_arrays(catalog.INCOMING / "others/a.npz", 3, 1)
    write_arrays(catalog.INCOMING / "bugs/a.npz", 3, 2)
    write_pictures(catalog.INCOMING / "bugs/b", 1, 3)
    return catalog.INCOMING / "bugs"


def run() -> list[list[str]]:
    arrivals.function(ins=Ins(), outs=Outs(), dataset=Keyed(key="bugs"))
    return [line.split(",") for line in catalog.ARRIVALS.read_text().splitlines()]


def test_the_batches_of_one_data_set_are_listed(folder: Path, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.INFO)
    lines = run()
    assert [line[:2] for line in lines] == [["batch", "kind"], ["a", "npz"], ["b", "folder"]]
    assert "b is a folder: `python -m tasks add` packs one into a file" in caplog.text
    assert run() == lines
    write_arrays(folder / "a.npz", 3, 4)
    assert run() != lines


def test_without_batches_the_list_is_empty(folder: Path) -> None:
    shutil.rmtree(folder)
    assert run() == [["batch", "kind", "digest"]]


def test_batches_that_git_knows_of_and_are_not_here_are_missed(folder: Path) -> None:
    shutil.rmtree(folder)
    (catalog.INCOMING / "bugs.dvc").write_text("outs: []\n")
    with pytest.raises(DataError, match=r"Get them with `dvc pull data/incoming/bugs\.dvc`"):
        run()
