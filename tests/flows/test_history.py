import shutil
from pathlib import Path

import pytest

from flows.history import archive
from litesmith.files import read_yaml, write_json, write_text, yaml_text
from tasks import catalog
from tests.flows.run_content import run_content, stage_content

ROOT = Path(__file__).parents[2]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    content = read_yaml(ROOT / "params.yaml")
    content["retrain"]["max_archived"] = 2
    write_text(tmp_path / "params.yaml", yaml_text(content))
    shutil.copytree(ROOT / "devices", tmp_path / "devices")
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    return tmp_path


def _record(root: Path, day: int, **changed: object) -> Path:
    path = root / catalog.RUNS / f"202611{day:02d}T000000Z-cat.json"
    write_json(path, run_content(f"2026-11-{day:02d}T00:00:00+00:00", **changed))
    return path


def _page(root: Path, text: str) -> Path:
    path = root / catalog.REPORT
    path.write_text(text)
    return path


def test_the_last_runs_are_archived_with_their_pages(root: Path) -> None:
    for day in (1, 2, 3):
        record = _record(root, day)
        index = archive(root, record, _page(root, f"page of day {day}"))
    assert index == root / "reports/index.html"
    archived = sorted(path.name for path in (root / catalog.ARCHIVE).iterdir())
    assert archived == ["20261102T000000Z-cat.html", "20261103T000000Z-cat.html"]
    assert (root / catalog.ARCHIVE / archived[0]).read_text() == "page of day 2"
    assert sorted(path.stem for path in (root / catalog.RUNS).iterdir()) == [
        Path(name).stem for name in archived
    ]
    text = index.read_text()
    assert text.count('<a href="archive/') == 2
    assert "20261101T000000Z-cat" not in text


def test_runs_with_nothing_to_do_are_removed_first_but_not_the_last_run(root: Path) -> None:
    idle = {"stages": {"fetch": stage_content("UpToDate")}}
    for day, changed in ((1, {}), (2, idle), (3, {}), (4, idle)):
        archive(root, _record(root, day, **changed), None)
    assert [path.name[:8] for path in sorted((root / catalog.RUNS).iterdir())] == [
        "20261103",
        "20261104",
    ]
    archive(root, _record(root, 5), None)
    assert [path.name[:8] for path in sorted((root / catalog.RUNS).iterdir())] == [
        "20261103",
        "20261105",
    ]


def test_a_run_without_a_page_is_listed_and_an_orphaned_page_goes(root: Path) -> None:
    orphan = root / catalog.ARCHIVE / "20200101T000000Z-dog.html"
    orphan.parent.mkdir(parents=True)
    orphan.write_text("of a record that somebody removed")
    index = archive(root, _record(root, 1, error="StageError: stage sweep: it broke"), None)
    assert not orphan.exists()
    assert "No page archived" in index.read_text()
    archive(root, _record(root, 2), root / catalog.REPORT)
    assert not list((root / catalog.ARCHIVE).iterdir())


def test_parameters_that_cannot_be_read_drop_nothing(root: Path) -> None:
    (root / "params.yaml").write_text("retrain: [")
    for day in (1, 2, 3):
        index = archive(root, _record(root, day), None)
    assert len(list((root / catalog.RUNS).iterdir())) == 3
    assert "3 archived" in index.read_text()


def test_the_index_of_the_project_can_be_written_from_its_own_records(tmp_path: Path) -> None:
    shutil.copy(ROOT / "params.yaml", tmp_path)
    shutil.copytree(ROOT / "devices", tmp_path / "devices")
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    shutil.copytree(ROOT / catalog.RUNS, tmp_path / catalog.RUNS)
    record = max((tmp_path / catalog.RUNS).iterdir())
    index = archive(tmp_path, record, None).read_text()
    assert f'id="{record.stem}"' in index
    assert "Not shown" not in index


def test_the_archive_of_an_earlier_version_is_renamed(root: Path) -> None:
    former = root / "reports/kept/20261101T000000Z-cat.html"
    write_text(former, "page of day 1")
    _record(root, 1)
    index = archive(root, _record(root, 2), _page(root, "page of day 2"))
    assert not former.parent.exists()
    assert (root / catalog.ARCHIVE / former.name).read_text() == "page of day 1"
    assert index.read_text().count('<a href="archive/') == 2


def test_an_archive_of_an_earlier_version_stays_beside_a_present_one(root: Path) -> None:
    archive(root, _record(root, 1), _page(root, "page of day 1"))
    former = root / "reports/kept/20261101T000000Z-cat.html"
    write_text(former, "older page")
    archive(root, _record(root, 2), None)
    assert former.read_text() == "older page"
    assert (root / catalog.ARCHIVE / former.name).read_text() == "page of day 1"
