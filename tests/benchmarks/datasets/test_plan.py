import csv
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from benchmarks.datasets.plan import DATA_SETS, data_set

NUM_IMAGES = 40


def shape(path: Path) -> tuple[int, int, int]:
    picture = Image.open(path)
    return picture.height, picture.width, len(picture.getbands())


@pytest.mark.parametrize("name", [chosen.name for chosen in DATA_SETS])
def test_a_few_images_of_each_have_the_form_that_is_declared(tmp_path: Path, name: str) -> None:
    chosen = data_set(name)
    source = chosen.write(tmp_path / "source", NUM_IMAGES)
    height, width, channels, _ = chosen.form
    if source.suffix == ".npz":
        with np.load(source, allow_pickle=False) as arrays:
            images = arrays["images"] if "images" in arrays else arrays["x_train"]
            assert images.shape[1:] == ((height, width) if channels == 1 else chosen.form[:3])
    elif name == "mnist-5000":
        assert len(list(source.iterdir())) == 4
    elif name == "table":
        assert shape(sorted(source.rglob("*.png"))[-1]) == chosen.form[:3]
    else:
        pictures = [path for path in source.rglob("*") if path.is_file()]
        assert len(pictures) == NUM_IMAGES
        assert {shape(path) for path in pictures} == {chosen.form[:3]}


def test_the_sets_cover_what_the_bar_asks_for(tmp_path: Path) -> None:
    colour = data_set("colour").write(tmp_path / "colour", NUM_IMAGES)
    assert {path.name for path in colour.iterdir()} == {"train", "test"}
    assert len(list((colour / "train").iterdir())) == 7
    mirror = data_set("mirror").write(tmp_path / "mirror", NUM_IMAGES)
    sizes = {path.name: len(list(path.iterdir())) for path in mirror.iterdir()}
    assert sizes == {"right arrow": 22, "left arrow": 13, "disc": 5}
    two = data_set("two").write(tmp_path / "two", NUM_IMAGES)
    assert len(list((two / "train").iterdir())) == 2


def test_some_pictures_of_the_table_are_unreadable_and_one_is_missing(tmp_path: Path) -> None:
    folder = data_set("table").write(tmp_path, NUM_IMAGES)
    with (folder / "metadata.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert len(rows) == NUM_IMAGES
    # Eight images of each of five classes, in threes.
    assert (
        len({row["group"] for row in rows}) == len({(row["group"], row["label"]) for row in rows}) == 15
    )
    assert sum(not (folder / row["file_name"]).exists() for row in rows) == 1
    readable = 0
    for row in rows:
        try:
            Image.open(folder / row["file_name"]).load()
            readable += 1
        except OSError:
            pass
    assert readable == NUM_IMAGES - 5


def test_names_are_of_one_set_each() -> None:
    assert len({chosen.name for chosen in DATA_SETS}) == len(DATA_SETS) == 8
