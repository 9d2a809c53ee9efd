import shutil
from pathlib import Path

import pytest

from flows.sources import is_stale
from litesmith.errors import DataError, MachineError
from tasks.incoming import record_versions, require_complete
from tests.batch_sets import write_arrays, write_pictures
from tests.tasks.commands.test_batches import make_project


@pytest.fixture
def project(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    folder = make_project(tmp_path / "project")
    monkeypatch.chdir(folder)
    return folder


def test_what_was_dropped_by_hand_is_recorded(project: Path) -> None:
    assert not is_stale(project, "bugs")
    write_pictures(project / "data/incoming/bugs/a", 1, 1)
    assert is_stale(project, "bugs")
    assert "DVC has recorded it" in record_versions(project, "bugs")
    assert not is_stale(project, "bugs")
    write_arrays(project / "data/incoming/bugs/b.npz", 3, 2)
    assert is_stale(project, "bugs")
    assert not is_stale(project, "others")
    (project / "data/incoming/bugs/b.npz").rename(project / "data/incoming/bugs/b.npz.part")
    assert not is_stale(project, "bugs")


def test_without_dvc_or_batches_there_is_nothing_to_record(project: Path) -> None:
    write_pictures(project / "data/incoming/bugs/a", 1, 1)
    shutil.rmtree(project / ".dvc")
    assert not is_stale(project, "bugs")
    assert "DVC is not set up here" in record_versions(project, "bugs")


def test_a_record_without_its_batches_stops_a_run(project: Path) -> None:
    write_arrays(project / "data/incoming/bugs/a.npz", 3, 1)
    require_complete(project, "bugs")
    record_versions(project, "bugs")
    require_complete(project, "bugs")
    shutil.rmtree(project / "data/incoming/bugs")
    with pytest.raises(DataError, match=r"bugs\.dvc records 1 files, and 0 are here"):
        require_complete(project, "bugs")


def test_a_damaged_record_is_named(project: Path) -> None:
    write_arrays(project / "data/incoming/bugs/a.npz", 3, 1)
    (project / "data/incoming/bugs.dvc").write_text("outs: [\n")
    with pytest.raises(MachineError, match=r"bugs\.dvc is damaged, take the last committed one"):
        is_stale(project, "bugs")
