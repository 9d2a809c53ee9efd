from pathlib import Path

import pytest

from litesmith.errors import DataError, ParamsError
from litesmith.params.loading import read_dataset
from litesmith.params.sections.dataset import FolderBase
from tasks.__main__ import main
from tasks.commands.dataset import describe_dataset
from tests.batch_sets import write_pictures
from tests.tasks.commands.test_batches import make_project


@pytest.fixture
def project(tmp_path: Path) -> Path:
    return make_project(tmp_path / "project")


def test_a_folder_of_pictures_is_described(
    project: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    source = write_pictures(tmp_path / "Phone Pictures", 20, 1)
    monkeypatch.chdir(project)
    assert main(["dataset", str(source)]) == 0
    assert capsys.readouterr().out == (
        "wrote datasets/phone-pictures.yaml: 60 images of 3 classes. Look at it, then run "
        "`python -m flows retrain --data phone-pictures`.\n"
    )
    dataset = read_dataset("phone-pictures", project)
    assert (dataset.name, dataset.classes) == ("Phone pictures", ("ant", "bee", "fly"))
    assert dataset.base == FolderBase(kind="folder", path=str(source.resolve()))


def test_a_folder_in_the_project_is_named_as_seen_from_there(project: Path) -> None:
    describe_dataset(project, write_pictures(project / "photos", 20, 1), "mine")
    assert read_dataset("mine", project).base == FolderBase(kind="folder", path="photos")


def test_a_file_is_never_replaced(project: Path, tmp_path: Path) -> None:
    source = write_pictures(tmp_path / "bugs", 20, 1)
    before = (project / "datasets/bugs.yaml").read_bytes()
    with pytest.raises(ParamsError, match=r"bugs\.yaml is there already, and is not replaced"):
        describe_dataset(project, source)
    assert (project / "datasets/bugs.yaml").read_bytes() == before


def test_no_file_is_written_of_what_is_no_data_set(project: Path, tmp_path: Path) -> None:
    before = sorted((project / "datasets").iterdir())
    with pytest.raises(DataError, match="2 to 256"):
        describe_dataset(project, write_pictures(tmp_path / "one", 3, 1, ("ant",)))
    with pytest.raises(ParamsError, match=r"'\.\./x' is not the name of a data set: it is a path"):
        describe_dataset(project, tmp_path / "one", "../x")
    assert sorted((project / "datasets").iterdir()) == before
