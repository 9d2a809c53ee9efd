import logging
from collections import Counter
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.data import intake
from litesmith.data.formats.labelled import Labelled
from litesmith.data.intake import Decoder, take_in
from litesmith.data.rows import read_rows
from litesmith.errors import DataError
from litesmith.params.sections.dataset import LabelledForm
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from tests.batch_sets import CLASSES, SIDE, form, write_arrays, write_pictures


class Place:
    """The folders of a data set in a folder of the test."""

    def __init__(self, root: Path) -> None:
        self.raw, self.incoming, self.cache = root / "raw", root / "incoming", root / "cache"
        self.out = root / "intake"
        self.raw.mkdir(parents=True)
        self.incoming.mkdir()

    def take_in(self, shape: LabelledForm | None = None) -> None:
        shape = shape or form()
        take_in(self.raw, self.incoming, self.out, shape, Decoder(self.cache, shape, 1))

    def table(self, name: str) -> list[str]:
        return (self.out / f"{name}.csv").read_text().splitlines()

    def content(self) -> dict[str, bytes]:
        return {path.name: path.read_bytes() for path in self.out.iterdir()}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    """A base of pictures and two batches, one with a file that is no picture."""
    place = Place(tmp_path / "place")
    fill(place)
    return place


def fill(place: Place) -> None:
    write_pictures(place.raw, 4, 1)
    write_pictures(place.incoming / "b2", 2, 2)
    write_arrays(place.incoming / "b1.npz", 3, 3)
    (place.incoming / "b2/bee/broken.png").write_bytes(b"no picture")


def test_all_images_lie_in_one_array_with_a_row_each(place: Place) -> None:
    place.take_in()
    images, rows = np.load(place.out / "images.npy"), read_rows(place.out / "rows.csv")
    assert images.shape == (21, SIDE, SIDE, 1)
    assert images.dtype == np.uint8
    assert list(Counter(row.batch for row in rows).items()) == [("base", 12), ("b1", 3), ("b2", 6)]
    assert [(row.file, row.label) for row in rows[:5]] == [
        ("ant/000.png", 0),
        ("ant/001.png", 0),
        ("ant/002.png", 0),
        ("ant/003.png", 0),
        ("bee/000.png", 1),
    ]
    assert [row.label for row in rows[12:15]] == [0, 1, 2]
    assert len({row.digest for row in rows}) == 21
    assert place.table("batches")[0] == "batch,digest,kind,num_images,num_unreadable"
    assert [line.split(",")[0] for line in place.table("batches")[1:]] == ["base", "b1", "b2"]
    assert place.table("batches")[3].endswith(",folders,6,1")
    assert place.table("unreadable")[1].startswith("b2,bee/broken.png,")
    assert read_record(place.out / "form.json", DataForm).class_names == CLASSES


def test_the_same_content_gives_the_same_bytes_with_and_without_a_cache(
    place: Place, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    place.take_in()
    first = place.content()
    again = Place(tmp_path / "again")
    write_arrays(again.incoming / "b1.npz", 3, 3)
    fill_rest = write_pictures(again.incoming / "b2", 2, 2)
    (fill_rest / "bee/broken.png").write_bytes(b"no picture")
    write_pictures(again.raw, 4, 1)
    again.take_in()
    assert again.content() == first
    monkeypatch.setattr(intake, "read_source", None)
    place.take_in()
    assert place.content() == first


def test_only_what_is_new_is_decoded(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    place.take_in()
    decoded: list[str] = []

    def _read(path: Path, *rest: Any, **more: Any) -> Labelled:
        decoded.append(path.name)
        return read(path, *rest, **more)

    read = intake.read_source
    monkeypatch.setattr(intake, "read_source", _read)
    write_arrays(place.incoming / "b3.npz", 3, 9)
    place.take_in()
    assert decoded == ["b3.npz"]
    assert len(read_rows(place.out / "rows.csv")) == 24
    place.take_in(form(height=8))
    assert len(decoded) == 5


def test_a_damaged_entry_of_the_cache_is_made_again(place: Place) -> None:
    place.take_in()
    first = place.content()
    for entry in place.cache.iterdir():
        (entry / "rows.json").write_text("{")
    place.take_in()
    assert place.content() == first


def test_a_batch_that_cannot_be_read_is_a_row_and_no_end(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    (place.incoming / "b3.zip").write_bytes(b"no archive")
    (place.incoming / "b4").mkdir()
    place.take_in()
    assert [line.split(",")[0] for line in place.table("batches")[4:]] == ["b3", "b4"]
    assert [line.split(",")[2:] for line in place.table("batches")[4:]] == [["unreadable", "0", "1"]] * 2
    assert any("b3,," in line and "zip" in line for line in place.table("unreadable"))
    assert "batch b3 holds nothing that can be read" in caplog.text


def test_what_changes_while_it_is_read_is_left_for_the_next_time(
    place: Place, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    def _read(path: Path, *rest: Any, **more: Any) -> Labelled:
        if path.name == "b2":
            write_pictures(path, 1, 7, ("wasp",))
        if path.name == "b1.npz":
            write_arrays(place.incoming / "late.npz", 3, 8)
        return read(path, *rest, **more)

    read = intake.read_source
    monkeypatch.setattr(intake, "read_source", _read)
    place.take_in()
    assert [line.split(",")[0] for line in place.table("batches")[1:]] == ["base", "b1"]
    assert "b2 has changed while it was read: the next run reads it" in caplog.text
    monkeypatch.setattr(intake, "read_source", read)
    place.take_in()
    assert [line.split(",")[0] for line in place.table("batches")[1:]] == ["base", "b1", "b2", "late"]
    rows = read_rows(place.out / "rows.csv")
    (foreign,) = (number for number, row in enumerate(rows) if row.label == -1)
    assert "wasp" in rows[foreign].file
    assert place.table("foreign") == ["row,label", f"{foreign},wasp"]


def test_without_a_base_the_first_batch_decides_the_classes(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    write_pictures(place.incoming / "b", 2, 1)
    write_pictures(place.incoming / "c", 2, 2, ("ant", "wasp"))
    (place.incoming / "a.npz").write_bytes(b"none")
    place.take_in()
    assert read_record(place.out / "form.json", DataForm).class_names == CLASSES
    labels = [row.label for row in read_rows(place.out / "rows.csv")]
    assert labels == [0, 0, 1, 1, 2, 2, 0, 0, -1, -1]


def test_declared_classes_keep_their_order_and_digits_are_indices(place: Place) -> None:
    place.take_in(form(classes=("fly", "bee", "ant")))
    labels = {row.file: row.label for row in read_rows(place.out / "rows.csv")}
    assert (labels["ant/000.png"], labels["fly/000.png"]) == (2, 0)
    assert [row.label for row in read_rows(place.out / "rows.csv") if row.batch == "b1"] == [0, 1, 2]


def test_a_base_that_cannot_be_read_is_an_end(place: Place) -> None:
    (place.raw / "base.zip").write_bytes(b"no archive")
    with pytest.raises(DataError, match=r"base\.zip is no zip archive"):
        place.take_in()


def test_nothing_at_all_is_refused_with_what_to_do(tmp_path: Path) -> None:
    place = Place(tmp_path / "place")
    with pytest.raises(DataError, match=r"there is no image: .* `python -m tasks add FOLDER`"):
        place.take_in()
    write_pictures(place.incoming / "a", 2, 1, ("ant",))
    with pytest.raises(DataError, match=r"a has images of 1 classes \(ant \.\.\.\): 2 to 256"):
        place.take_in()


def test_what_is_read_is_logged_at_most_as_a_warning(
    place: Place, caplog: pytest.LogCaptureFixture
) -> None:
    place.take_in()
    assert [record.levelno for record in caplog.records if record.levelno > logging.INFO] == []
