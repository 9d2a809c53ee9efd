from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from litesmith.data.quality.intake import place_rows, read_intake
from litesmith.errors import DataError
from tests.litesmith.data.quality.sets import CLASSES, SHARES, base, draw, intake, write_intake


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    write_intake(tmp_path / "intake", intake([*base(60), draw("week-1", 8, 3)]))
    return tmp_path / "intake"


def test_what_was_written_is_read(folder: Path) -> None:
    made = read_intake(folder)
    assert len(made) == 78
    assert made.images.shape == (78, 16, 16, 1)
    assert made.spans() == {"base": slice(0, 70), "week-1": slice(70, 78)}
    assert made.where(70) == "week-1/image[0]"
    assert made.label_name(70) == CLASSES[made.labels[70]]
    assert made.labels.dtype == np.int64
    assert len(made.unreadable) == 0


def test_cells_stay_text(folder: Path) -> None:
    table = pd.DataFrame({"batch": ["base"], "file": ["NA"], "reason": ["001"]})
    table.to_csv(folder / "unreadable.csv", index=False)
    assert read_intake(folder).unreadable.to_numpy().tolist() == [["base", "NA", "001"]]


def test_missing_file_is_named(folder: Path) -> None:
    (folder / "batches.csv").unlink()
    with pytest.raises(DataError, match=r"intake is not what the step intake writes: .*batches.csv"):
        read_intake(folder)


@pytest.mark.parametrize(
    ("file", "change", "text"),
    [
        ("batches", {"num_images": 69}, "has other batches"),
        ("batches", {"batch": "other"}, "has other batches"),
        ("rows", {"label": 4}, "labels from 0 to 4, expected -1 to 3"),
        ("rows", {"label": -2}, "labels from -2 to 3"),
    ],
)
def test_tables_that_do_not_fit_are_refused(
    folder: Path, file: str, change: dict[str, int | str], text: str
) -> None:
    table = pd.read_csv(folder / f"{file}.csv")
    for column, value in change.items():
        table.loc[0, column] = value
    table.to_csv(folder / f"{file}.csv", index=False)
    with pytest.raises(DataError, match=text):
        read_intake(folder)


def test_images_of_another_form_are_refused(folder: Path) -> None:
    np.save(folder / "images.npy", np.zeros((78, 16, 15, 1), np.uint8))
    with pytest.raises(DataError, match=r"uint8 \(78, 16, 15, 1\), expected uint8 \(78, 16, 16, 1\)"):
        read_intake(folder)


def test_other_columns_are_refused(folder: Path) -> None:
    (folder / "unreadable.csv").write_text("batch,file\n")
    with pytest.raises(DataError, match=r"unreadable\.csv has the columns batch, file"):
        read_intake(folder)


def test_given_test_images_are_the_test_set() -> None:
    places = place_rows(intake(base(600)), SHARES.replace(test=0.2), 1)
    assert places[:600].tolist().count("test") == 0
    assert set(places[600:]) == {"test"}
    assert 40 < places.tolist().count("gate") < 80


def test_test_images_are_drawn_where_none_are_given() -> None:
    places = place_rows(intake([draw("base", 600, 1)]), SHARES.replace(test=0.2), 1)
    assert 90 < places.tolist().count("test") < 150
