import io
import pickle
import struct
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.errors import DataError, MachineError
from tests.litesmith.data.formats.sources import noise, read, reasons, zipped

IMAGES = noise(3, 4, 8, 6)
LABELS = np.array([2, 0, 1, 2])


def saved(folder: Path, **arrays: Any) -> Path:
    np.savez(folder / "set.npz", **arrays)
    return folder / "set.npz"


def npy(values: NDArray[Any]) -> bytes:
    stream = io.BytesIO()
    np.save(stream, values)
    return stream.getvalue()


def header(shape: tuple[int, ...], dtype: str = "|u1", version: bytes = b"\1\0") -> bytes:
    text = repr({"descr": dtype, "fortran_order": False, "shape": shape}).encode().ljust(117) + b"\n"
    return b"\x93NUMPY" + version + struct.pack("<H", len(text)) + text


def test_arrays_of_train_and_test_as_keras_has_them(tmp_path: Path) -> None:
    path = saved(
        tmp_path, x_train=IMAGES, y_train=LABELS, x_test=IMAGES[:1], y_test=LABELS[:1], more=LABELS
    )
    labelled = read(path)
    assert labelled.files == ("train[0]", "train[1]", "train[2]", "train[3]", "test[0]")
    assert labelled.given == ("train",) * 4 + ("test",)
    assert labelled.labels == ("2", "0", "1", "2", "2")
    np.testing.assert_array_equal(labelled.images[:4, :, :, 0], IMAGES)
    assert (labelled.kind, labelled.notes) == ("npz", ("1 other array left out",))


def test_arrays_of_no_part(tmp_path: Path) -> None:
    labelled = read(saved(tmp_path, images=IMAGES, labels=LABELS, groups=["a", "b", "a", ""]))
    assert labelled.files[0] == "images[0]"
    assert labelled.groups == ("a", "b", "a", "")
    assert labelled.given == ("",) * 4


def test_names_as_medmnist_has_them_and_validation_counts_to_train(tmp_path: Path) -> None:
    arrays = {f"{part}_images": IMAGES for part in ("train", "val", "test")}
    labels = {f"{part}_labels": LABELS[:, None] for part in ("train", "val", "test")}
    labelled = read(saved(tmp_path, **arrays, **labels))
    assert [labelled.files[row] for row in (0, 4, 8)] == ["train[0]", "val[0]", "test[0]"]
    assert labelled.given == ("train",) * 8 + ("test",) * 4
    assert labelled.notes == ("images in val count as training images",)


@pytest.mark.parametrize(
    ("labels", "expected"),
    [
        (LABELS.astype(np.uint8), ("2", "0", "1", "2")),
        (LABELS.astype(np.float32), ("2", "0", "1", "2")),
        (-LABELS[:, None], ("-2", "0", "-1", "-2")),
        (np.eye(3)[LABELS], ("2", "0", "1", "2")),
        (np.eye(3, dtype=bool)[LABELS], ("2", "0", "1", "2")),
        (LABELS > 1, ("1", "0", "0", "1")),
        (np.array(["cat", " dog ", "caf\u00e9", "cow"]), ("cat", "dog", "caf\u00e9", "cow")),
        (np.array([["cat"], ["dog"], ["cat"], ["cow"]]), ("cat", "dog", "cat", "cow")),
        (
            np.array(["cat", "caf\u00e9", "a", "b"]).astype("U").view("U4"),
            ("cat", "caf\u00e9", "a", "b"),
        ),
        (
            np.char.encode(np.array(["cat", "dog", "a", "\u00e9"]), "utf-8"),
            ("cat", "dog", "a", "\u00e9"),
        ),
    ],
)
def test_labels_of_every_kind(labels: NDArray[Any], expected: tuple[str, ...], tmp_path: Path) -> None:
    assert read(saved(tmp_path, images=IMAGES, labels=labels)).labels == expected


IN_OTHER_TYPES = {
    "uint8": IMAGES,
    "uint16": IMAGES.astype(np.uint16) * 257,
    "12 bits in uint16": IMAGES.astype(np.uint16) * 16 + 3,
    "8 bits in int64": IMAGES.astype(np.int64),
    "big-endian": IMAGES.astype(">u2") * 257,
    "float32 to 1": (IMAGES / 255).astype(np.float32),
    "float16 to 1": (IMAGES / 255).astype(np.float16),
    "float64 to 255": IMAGES.astype(np.float64) * 0.999,
    "one channel": IMAGES[..., None],
    "three alike": np.repeat(IMAGES[..., None], 3, axis=3),
    "in Fortran's order": np.asfortranarray(IMAGES),
}


@pytest.mark.parametrize("kind", IN_OTHER_TYPES)
def test_images_of_every_type(kind: str, tmp_path: Path) -> None:
    labelled = read(saved(tmp_path, images=IN_OTHER_TYPES[kind], labels=LABELS))
    np.testing.assert_array_equal(labelled.images[..., 0], IMAGES)
    assert labelled.digests == read(saved(tmp_path, images=IMAGES, labels=LABELS)).digests


def test_truth_values_are_black_and_white(tmp_path: Path) -> None:
    labelled = read(saved(tmp_path, images=IMAGES > 99, labels=LABELS))
    np.testing.assert_array_equal(labelled.images[..., 0], np.where(IMAGES > 99, 255, 0))


def test_colours_and_opacity(tmp_path: Path) -> None:
    colours = noise(4, 4, 8, 6, 4)
    colours[..., 3] = 255
    colours[0, :, :, 3] = 0
    labelled = read(saved(tmp_path, images=colours, labels=LABELS), channels=3, ground="light")
    np.testing.assert_array_equal(labelled.images[1:], colours[1:, :, :, :3])
    assert np.unique(labelled.images[0]).tolist() == [255]


def test_compressed_arrays_are_read_too(tmp_path: Path) -> None:
    np.savez_compressed(tmp_path / "set.npz", images=IMAGES, labels=LABELS)
    assert (
        read(tmp_path / "set.npz").digests == read(saved(tmp_path, images=IMAGES, labels=LABELS)).digests
    )


@pytest.mark.parametrize("hole", [np.nan, np.inf])
def test_images_that_are_no_numbers_are_rows_with_their_reason(hole: float, tmp_path: Path) -> None:
    images = (IMAGES / 255).astype(np.float32)
    images[2, 0, 0] = hole
    labelled = read(saved(tmp_path, images=images, labels=LABELS))
    assert labelled.files == ("images[0]", "images[1]", "images[3]")
    assert labelled.labels == ("2", "0", "2")
    np.testing.assert_array_equal(labelled.images[2, :, :, 0], IMAGES[3])
    assert reasons(labelled)["images[2]"].startswith("holds a value that is not a number")


def test_an_image_without_a_label_is_a_row(tmp_path: Path) -> None:
    labelled = read(saved(tmp_path, images=IMAGES, labels=["a", "", "b", " "]))
    assert labelled.labels == ("a", "b")
    assert list(reasons(labelled)) == ["images[1]", "images[3]"]


EXPECTED = "Expected x_train and y_train, perhaps with x_test and y_test, or images and labels"
WRONG: dict[str, tuple[dict[str, Any], str]] = {
    "other names": ({"a": IMAGES, "b": LABELS}, rf"holds 'a', 'b'\. {EXPECTED}: rename the arrays"),
    "no labels": ({"x_train": IMAGES}, rf"holds images of train and no labels\. {EXPECTED}"),
    "no images": ({"labels": LABELS}, rf"holds labels and no images\. {EXPECTED}"),
    "of a part and of none": (
        {"images": IMAGES, "labels": LABELS, "x_test": IMAGES, "y_test": LABELS},
        r"holds images or labels of no part beside those of 'test'",
    ),
    "twice": ({"x_train": IMAGES, "train_images": IMAGES}, r"images twice for one part"),
    "fewer labels": ({"images": IMAGES, "labels": LABELS[:3]}, r"4 images and labels of shape \(3,\)"),
    "fewer groups": (
        {"images": IMAGES, "labels": LABELS, "groups": LABELS[:3]},
        r"4 images and groups of shape \(3,\)",
    ),
    "a label for all": ({"images": IMAGES, "labels": 3}, r"4 images and labels of shape \(\)"),
    "labels that are no class": (
        {"images": IMAGES, "labels": LABELS / 3},
        r"the labels are floats that are not w",
    ),
    "labels with NaN": ({"images": IMAGES, "labels": [np.nan, 1, 1, 1]}, r"floats that are not whole"),
    "several labels": ({"images": IMAGES, "labels": np.ones((4, 3))}, r"\(4, 3\) and are not one-hot"),
    "labels of labels": (
        {"images": IMAGES, "labels": np.ones((4, 1, 1, 1))},
        r"Expected \(n,\), \(n, 1\)",
    ),
    "bytes": (
        {"images": IMAGES, "labels": np.array([b"\xff"] * 4)},
        r"labels are bytes that are not UTF-8",
    ),
    "flat": (
        {"images": IMAGES.reshape(4, 48), "labels": LABELS},
        r"shape \(4, 48\)\. Expected \(n, height",
    ),
    "channels first": (
        {"images": noise(1, 4, 3, 8, 6), "labels": LABELS},
        r"their channels come first: transpose them with images\.transpose\(0, 2, 3, 1\)",
    ),
    "two channels": ({"images": noise(1, 4, 8, 6, 2), "labels": LABELS}, r"\(4, 8, 6, 2\)\. Expected"),
    "none": ({"images": IMAGES[:0], "labels": LABELS[:0]}, r"\(0, 8, 6\): nothing to learn from"),
    "no pixels": ({"images": IMAGES[:, :0], "labels": LABELS}, r"\(4, 0, 6\): nothing to learn from"),
    "scaled": (
        {"images": IMAGES / 127.5 - 1, "labels": LABELS},
        r"go from -1 to 1\. Expected floats in 0 to",
    ),
    "bright": ({"images": IMAGES * 2.0, "labels": LABELS}, r"go from \d+ to 5\d\d\. Expected floats"),
    "negative": (
        {"images": -IMAGES.astype(int), "labels": LABELS},
        r"from -255 to -?\d+\. Expected integers in 0 to 65535",
    ),
    "deep": (
        {"images": IMAGES.astype(int) * 70_000, "labels": LABELS},
        r"Expected integers in 0 to 65535",
    ),
    "complex": ({"images": IMAGES * 1j, "labels": LABELS}, r"holds complex128, which is not read"),
    "times": ({"images": IMAGES.astype("M8[s]"), "labels": LABELS}, r"holds datetime64"),
    "text": (
        {"images": IMAGES.astype("U3"), "labels": LABELS},
        r"the images are <U3\. Expected numbers",
    ),
    "records": (
        {"images": IMAGES, "labels": np.zeros(4, "u1,u1")},
        r"which is not read: objects can run",
    ),
}


@pytest.mark.parametrize("kind", WRONG)
def test_arrays_that_are_not_read(kind: str, tmp_path: Path) -> None:
    arrays, text = WRONG[kind]
    with pytest.raises(DataError, match=text):
        read(saved(tmp_path, **arrays))


class Attack:
    def __reduce__(self) -> tuple[object, ...]:
        return pytest.fail, ("code in a data file was run",)


def test_code_in_an_array_is_not_run(tmp_path: Path) -> None:
    # Written by hand: NumPy would pickle the attack, and so would pytest meet it.
    content = header((4,), "|O") + pickle.dumps([Attack()] * 4)
    path = zipped(tmp_path / "set.npz", {"images.npy": npy(IMAGES), "labels.npy": content})
    with pytest.raises(DataError, match=r"labels holds object, which is not read: objects can run code"):
        read(path)


@pytest.mark.parametrize(
    ("content", "text"),
    [
        (
            header((10**6, 10**4, 10**4)) + bytes(99),
            r"says \(1000000, 10000, 10000\) of uint8 = 10+ bytes, and",
        ),
        (header((4, -8, 6)) + bytes(99), r"says \(4, -8, 6\)"),
        (header((-4, -8, 6)) + bytes(192), r"says \(-4, -8, 6\)"),
        (header((4, 8, 6)) + bytes(191), r"= 192 bytes, and 191 follow"),
        (header((4, 8, 6)) + bytes(193), r"= 192 bytes, and 193 follow"),
        (header((4, 8, 6), version=b"\3\0") + bytes(192), r"is of version \(3, 0\)"),
        (header((4, 8, 6), "__import__('os')") + bytes(192), r"is not sound"),
        (b"\x93NUMPY\1\0\xff\xff{", r"is not sound"),
        (b"PNG", r"is not sound"),
        (b"", r"is not sound"),
    ],
)
def test_headers_that_lie(content: bytes, text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=text):
        read(zipped(tmp_path / "set.npz", {"images.npy": content, "labels.npy": npy(LABELS)}))


def test_a_damaged_array_is_found_by_its_checksum(tmp_path: Path) -> None:
    path = saved(tmp_path, images=IMAGES, labels=LABELS)
    content = bytearray(path.read_bytes())
    content[content.index(IMAGES.tobytes()[:50]) + 20] ^= 1
    path.write_bytes(content)
    with pytest.raises(DataError, match=r"is not sound: Bad CRC-32"):
        read(path)


def test_one_that_was_cut_short(tmp_path: Path) -> None:
    path = saved(tmp_path, images=IMAGES, labels=LABELS)
    path.write_bytes(path.read_bytes()[:-30])
    with pytest.raises(
        DataError, match=r"set\.npz is not a zip archive, or was cut short\. Get it again"
    ):
        read(path)


def test_arrays_larger_than_the_memory_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Memory:
        available = 1_500

    np.savez_compressed(
        tmp_path / "set.npz", images=np.zeros((20, 8, 6), np.float64), labels=np.ones(20)
    )
    monkeypatch.setattr("psutil.virtual_memory", Memory)
    with pytest.raises(
        MachineError, match=r"set\.npz needs \d+ bytes, and 1500 bytes of memory are free"
    ):
        read(tmp_path / "set.npz")


def test_in_a_folder_or_archive_of_its_own(tmp_path: Path) -> None:
    content = saved(tmp_path, images=IMAGES, labels=LABELS).read_bytes()
    digests = read(tmp_path).digests
    for name, options in (("stored", zipfile.ZIP_STORED), ("packed", zipfile.ZIP_DEFLATED)):
        path = zipped(tmp_path / f"{name}/batch.zip", {"batch/set.npz": content}, compression=options)
        labelled = read(path)
        assert (labelled.digests, labelled.kind) == (digests, "npz")


def test_two_are_one_too_many(tmp_path: Path) -> None:
    saved(tmp_path, images=IMAGES, labels=LABELS)
    (tmp_path / "b.npz").write_bytes(b"x")
    with pytest.raises(DataError, match=r"holds b\.npz and set\.npz\. Expected one \.npz file"):
        read(tmp_path)
