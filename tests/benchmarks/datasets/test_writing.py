import csv
import gzip
import struct
import zipfile
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from benchmarks.datasets.images import LabelledImages
from benchmarks.datasets.writing import write_folders, write_idx, write_npz, write_table
from tests import data_sets
from tests.data_sets import FORMS, shapes


def pixels(path: Path) -> np.ndarray:
    array = np.asarray(Image.open(path))
    return array if array.ndim == 3 else array[..., None]


@pytest.mark.parametrize("channels", [1, 3])
def test_a_folder_for_each_class_holds_its_pictures(tmp_path: Path, channels: int) -> None:
    data = shapes(12, channels=channels)
    paths = write_folders(tmp_path, data)
    assert {path.name for path in tmp_path.iterdir()} == set(data.class_names)
    assert [path.parent.name for path in paths] == list(data.names)
    assert all(
        np.array_equal(pixels(path), image) for path, image in zip(paths, data.images, strict=True)
    )


def test_images_given_as_train_and_test_lie_in_folders_of_these_names(tmp_path: Path) -> None:
    paths = write_folders(tmp_path, shapes(12, 6))
    parts = [path.relative_to(tmp_path).parts[0] for path in paths]
    assert parts == ["train"] * 12 + ["test"] * 6


def test_a_jpeg_is_close_to_its_image(tmp_path: Path) -> None:
    data = shapes(9, channels=3)
    paths = write_folders(tmp_path, data, (".jpg", ".png", ".bmp"))
    assert {path.suffix for path in paths} == {".jpg", ".png", ".bmp"}
    for path, image in zip(paths, data.images, strict=True):
        assert abs(pixels(path).astype(int) - image).mean() < (4 if path.suffix == ".jpg" else 1e-9)


def test_a_table_names_classes_and_groups_and_has_damaged_and_missing_pictures(tmp_path: Path) -> None:
    data = shapes(9)
    groups = [str(row // 3) for row in range(9)]
    paths = write_table(tmp_path, data, groups=groups, unreadable=[0, 3, 4, 8], missing=[2])
    with (tmp_path / "metadata.csv").open(newline="", encoding="utf-8") as stream:
        rows = list(csv.DictReader(stream))
    assert [row["label"] for row in rows] == list(data.names)
    assert [row["group"] for row in rows] == groups
    assert [tmp_path / row["file_name"] for row in rows] == paths
    assert [path.name for path in paths if not path.exists()] == ["00002.png"]
    for row in (1, 5, 6, 7):
        assert np.array_equal(pixels(paths[row]), data.images[row])
    for row in (0, 3, 4, 8):
        with pytest.raises((OSError, UnidentifiedImageError)):
            Image.open(paths[row]).load()


def test_a_table_without_groups_has_no_such_column(tmp_path: Path) -> None:
    write_table(tmp_path, shapes(3))
    assert (tmp_path / "metadata.csv").read_text(encoding="utf-8").startswith("file_name,label\n")


def test_arrays_have_the_keys_of_keras_where_a_test_set_is_given(tmp_path: Path) -> None:
    data = shapes(12, 6, channels=3)
    write_npz(tmp_path / "set.npz", data)
    with np.load(tmp_path / "set.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"x_train", "y_train", "x_test", "y_test"}
        assert np.array_equal(np.concatenate([arrays["x_train"], arrays["x_test"]]), data.images)
        assert np.array_equal(np.concatenate([arrays["y_train"], arrays["y_test"]]), data.labels)


def test_arrays_without_a_test_set_may_have_names_as_labels(tmp_path: Path) -> None:
    data = shapes(12)
    write_npz(tmp_path / "set.npz", data, named=True)
    with np.load(tmp_path / "set.npz", allow_pickle=False) as arrays:
        assert set(arrays) == {"images", "labels"}
        assert np.array_equal(arrays["images"], data.images[..., 0])
        assert tuple(arrays["labels"]) == data.names


@pytest.mark.parametrize("packed", [False, True])
def test_idx_files_have_the_header_of_their_arrays(tmp_path: Path, packed: bool) -> None:
    data = shapes(12, 6, height=10, width=14)
    write_idx(tmp_path, data, packed=packed)
    suffix = ".gz" if packed else ""
    assert len(list(tmp_path.iterdir())) == 4
    for name, begin, end in (("train", 0, 12), ("t10k", 12, 18)):
        content = (tmp_path / f"{name}-images-idx3-ubyte{suffix}").read_bytes()
        content = gzip.decompress(content) if packed else content
        assert struct.unpack(">4I", content[:16]) == (0x803, end - begin, 10, 14)
        assert content[16:] == data.images[begin:end].tobytes()
        content = (tmp_path / f"{name}-labels-idx1-ubyte{suffix}").read_bytes()
        content = gzip.decompress(content) if packed else content
        assert content == struct.pack(">2I", 0x801, end - begin) + data.labels[begin:end].tobytes()


@pytest.mark.parametrize("form", FORMS, ids=lambda form: form.__name__)
def test_every_form_is_written_alike_each_time(tmp_path: Path, form: data_sets.Form) -> None:
    def contents(path: Path) -> dict[str, bytes]:
        files = (
            [path] if path.is_file() else sorted(inner for inner in path.rglob("*") if inner.is_file())
        )
        return {str(file.relative_to(path)): file.read_bytes() for file in files}

    first, again = (contents(form(tmp_path / name, shapes(12))) for name in ("first", "again"))
    assert first
    assert first == again


def test_a_zip_holds_the_files_of_its_folder(tmp_path: Path) -> None:
    path = data_sets.as_zipped_table(tmp_path, shapes(6))
    with zipfile.ZipFile(path) as archive:
        assert archive.testzip() is None
        assert archive.namelist() == ["metadata.csv", *(f"pictures/{row:05}.png" for row in range(6))]


def _checked(data: LabelledImages, number: int, side: int) -> None:
    assert data.images.shape == (number, side, side, 1)
    assert data.images.max() == 255
    assert data.images.min() == 0
    assert np.bincount(data.labels).min() > number // 20
    assert data.class_names == tuple("0123456789")


def test_digits_of_scikit_learn() -> None:
    _checked(data_sets.digits(1797), 1797, 8)
    assert len(data_sets.digits(100).labels) == 100


def test_digits_of_mnist() -> None:
    _checked(data_sets.mnist(5000), 5000, 28)
    assert np.bincount(data_sets.mnist(5000).labels).tolist() == [500] * 10


def test_the_last_images_can_be_given_as_a_test_set() -> None:
    data = data_sets.digits(50).with_test(10)
    assert data.given == ("train",) * 40 + ("test",) * 10
    assert np.array_equal(data.part("test").images, data.images[40:])
    assert data.part("").images.shape == (0, 8, 8, 1)
