import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litesmith.data.formats.registry import FORMATS, read_source
from litesmith.errors import DataError, MachineError
from tests import data_sets
from tests.conftest import write_idx
from tests.litesmith.data.formats.sources import (
    cats_and_dogs,
    encoded,
    form,
    noise,
    read,
    reasons,
    written,
    zipped,
)

IMAGES, LABELS = noise(1, 6, 8, 6), np.array([1, 0, 1, 1, 0, 0], np.uint8)


def as_folders(folder: Path) -> Path:
    return written(
        folder, {f"{label}/{row}.png": encoded(IMAGES[row]) for row, label in enumerate(LABELS)}
    )


def as_table(folder: Path) -> Path:
    rows = "".join(f"{row}.png,{label}\n" for row, label in enumerate(LABELS))
    pictures = {f"{row}.png": encoded(image) for row, image in enumerate(IMAGES)}
    return written(folder, {**pictures, "metadata.csv": f"file_name,label\n{rows}"})


def as_npz(folder: Path) -> Path:
    folder.mkdir(parents=True)
    np.savez(folder / "set.npz", images=IMAGES, labels=LABELS)
    return folder


def as_idx(folder: Path) -> Path:
    write_idx(folder / "train-images-idx3-ubyte.gz", IMAGES)
    write_idx(folder / "train-labels-idx1-ubyte.gz", LABELS)
    return folder


WRITERS: dict[str, Callable[[Path], Path]] = {
    "folders": as_folders,
    "table": as_table,
    "npz": as_npz,
    "idx": as_idx,
}


def test_every_format_is_tested_here() -> None:
    assert {each.name for each in FORMATS} == set(WRITERS)


@pytest.mark.parametrize("kind", WRITERS)
@pytest.mark.parametrize("enclosing", ["", "inside/"])
@pytest.mark.parametrize("in_archive", [False, True])
def test_the_same_images_in_every_form(
    kind: str, enclosing: str, in_archive: bool, tmp_path: Path
) -> None:
    folder = WRITERS[kind](tmp_path / "source" / enclosing)
    path = tmp_path / "source"
    if in_archive:
        files = [place for place in folder.rglob("*") if place.is_file()]
        path = zipped(
            tmp_path / "b.zip", {str(place.relative_to(path)): place.read_bytes() for place in files}
        )
    labelled = read(path)
    assert labelled.kind == kind
    rows = sorted(zip(labelled.digests, labelled.labels, labelled.images.tolist(), strict=True))
    reference = read(as_npz(tmp_path / "reference"))
    expected = zip(reference.digests, reference.labels, reference.images.tolist(), strict=True)
    assert rows == sorted(expected)
    assert sorted(labelled.labels) == ["0", "0", "0", "1", "1", "1"]


@pytest.mark.parametrize("write", data_sets.FORMS, ids=lambda write: write.__name__)
def test_a_set_as_people_keep_it(write: data_sets.Form, tmp_path: Path) -> None:
    data = data_sets.shapes(24, 0 if "table" in write.__name__ else 6)
    labelled = read_source(write(tmp_path, data), form(height=16, width=16))
    is_numbered = "idx" in write.__name__ or write is data_sets.as_npz
    labels = map(str, data.labels) if is_numbered else data.names
    assert sorted(zip(labelled.labels, labelled.given, strict=True)) == sorted(
        zip(labels, data.given if any(data.given) else labelled.given, strict=True)
    )
    if write is not data_sets.as_mixed_folders:  # JPEG is not exact
        assert sorted(labelled.images.tolist()) == sorted(data.images.tolist())
    if write is data_sets.as_table:
        assert labelled.groups == tuple(data.groups(data_sets.GROUP_SIZE))


@pytest.mark.parametrize(
    ("first", "second"),
    [("folders", "npz"), ("folders", "idx"), ("table", "npz"), ("table", "idx"), ("npz", "idx")],
)
def test_two_formats_at_once_are_one_too_many(first: str, second: str, tmp_path: Path) -> None:
    WRITERS[first](tmp_path / "set")
    for place in WRITERS[second](tmp_path / "other").iterdir():
        place.rename(tmp_path / "set" / place.name)
    expected = " and ".join(each.expected for each in FORMATS if each.name in (first, second))
    with pytest.raises(DataError) as raised:
        read(tmp_path / "set")
    text = f"{tmp_path / 'set'} holds {expected}. Expected one of them: move the others away."
    assert str(raised.value) == text


def test_a_missing_source_names_every_form(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone is missing\. Expected one of: ") as raised:
        read(tmp_path / "gone")
    assert all(each.expected in str(raised.value) for each in FORMATS)


def test_a_pipe_is_no_source(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(DataError, match=r"pipe is no ordinary file\. Expected one of"):
        read(tmp_path / "pipe")


def test_more_images_than_the_memory_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        available = 4 * 512 * 512 * 3 - 1

    path = written(tmp_path, cats_and_dogs())
    monkeypatch.setattr("psutil.virtual_memory", Memory)
    with pytest.raises(
        MachineError, match=r"holds 4 images, which take 3145728 bytes as 512 x 512 x 3, and"
    ):
        read(path, height=512, width=512, channels=3)


def test_what_was_changed_is_told_by_the_number_of_pictures(tmp_path: Path) -> None:
    deep = {f"cat/deep{row}.png": encoded(noise(row).astype(np.uint16) * 257) for row in range(2)}
    labelled = read(written(tmp_path, {**cats_and_dogs(1), **deep}))
    assert labelled.notes == ("2 pictures: brought to 8 bits",)
    np.testing.assert_array_equal(labelled.images[1, :, :, 0], noise(0))
    assert labelled.digests[0] == labelled.digests[1]


def test_a_picture_that_cannot_be_fitted_is_a_row(tmp_path: Path) -> None:
    labelled = read(written(tmp_path, {**cats_and_dogs(1), "cat/line.png": encoded(noise(1, 1, 3000))}))
    assert reasons(labelled) == {"cat/line.png": "is a line of 3000 x 1 pixels. Expected a picture."}


def test_a_picture_larger_than_the_memory_ends_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Memory:
        available = 10**8

    large = encoded(Image.new("1", (4000, 4000)))
    path = written(tmp_path, {**cats_and_dogs(1), "cat/large.png": large})
    monkeypatch.setattr("psutil.virtual_memory", Memory)
    with pytest.raises(
        MachineError, match=r"cat/large\.png does not fit into this machine's memory: 416"
    ):
        read(path)


def test_a_night_of_many_pictures_gives_the_same_rows_by_several_processes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pictures = {f"{row % 3}/{row:04}.png": encoded(noise(row)) for row in range(600)}
    pictures["1/broken.png"] = b"x"
    path = zipped(tmp_path / "b.zip", pictures)
    alone = read_source(path, form(height=10, width=10))
    monkeypatch.setattr("litesmith.data.formats.listing._FEW_PICTURES", 0)
    together = read_source(path, form(height=10, width=10), num_workers=2)
    np.testing.assert_array_equal(together.images, alone.images)
    assert (together.files, together.digests) == (alone.files, alone.digests)
    assert together.unreadable == alone.unreadable
    assert list(reasons(together)) == ["1/broken.png"]
