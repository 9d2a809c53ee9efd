import errno
import gzip
import hashlib
import struct
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from litesmith.data.formats.idx import encode_idx, read_images, read_labels, read_pair
from litesmith.errors import DataError, MachineError
from tests.conftest import write_idx
from tests.litesmith.data.formats.sources import noise, read, written

IMAGES = np.arange(5 * 4 * 3, dtype=np.uint8).reshape(5, 4, 3)
LABELS = np.array([3, 1, 4, 1, 5], np.uint8)


def packed(content: bytes, path: Path) -> Path:
    path.write_bytes(gzip.compress(content))
    return path


def test_images_and_labels_come_back_as_written(tmp_path: Path) -> None:
    write_idx(tmp_path / "i.gz", IMAGES)
    write_idx(tmp_path / "l.gz", LABELS)
    images, labels = read_images(tmp_path / "i.gz"), read_labels(tmp_path / "l.gz")
    assert images.dtype == labels.dtype == np.uint8
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)


def test_compressed_files_are_read_too(tmp_path: Path) -> None:
    path = packed(struct.pack(">4I", 0x803, 5, 4, 3) + IMAGES.tobytes(), tmp_path / "i.gz")
    np.testing.assert_array_equal(read_images(path), IMAGES)


def test_written_bytes_are_a_gzip_of_several_blocks_and_the_same_everywhere() -> None:
    images = np.random.default_rng(0).integers(0, 256, (200, 28, 28), dtype=np.uint8)
    content = encode_idx(images)
    assert gzip.decompress(content) == struct.pack(">4I", 0x803, 200, 28, 28) + images.tobytes()
    assert hashlib.md5(encode_idx(IMAGES)).hexdigest() == "d9e78181553996ec297fe95053c3313f"


def test_other_arrays_are_not_written() -> None:
    with pytest.raises(ValueError, match=r"must be uint8 with 1, 3 or 4 dimensions, got float32 with 3"):
        encode_idx(IMAGES.astype(np.float32))  # type: ignore[arg-type]


def test_swapped_files_are_named_as_such(tmp_path: Path) -> None:
    write_idx(tmp_path / "i.gz", LABELS)
    text = (
        r"i\.gz: wrong magic number, expected 0x00000803 \(images: uint8, 3 dimensions\), "
        r"got 0x00000801 \(labels: uint8, 1 dimension\)\. "
        "The images file and the labels file look swapped"
    )
    with pytest.raises(DataError, match=text):
        read_images(tmp_path / "i.gz")
    write_idx(tmp_path / "l.gz", IMAGES)
    with pytest.raises(DataError, match=r"expected 0x00000801 .* got 0x00000803 .* look swapped"):
        read_labels(tmp_path / "l.gz")


def test_wrong_magic_says_what_was_found_and_expected(tmp_path: Path) -> None:
    path = packed(b"PNG\x00" + bytes(40), tmp_path / "i.gz")
    with pytest.raises(
        DataError, match=r"wrong magic number, expected 0x00000803 .*, got 0x504e4700\. Fetch the file"
    ):
        read_images(path)


def test_a_file_of_floats_has_the_wrong_magic(tmp_path: Path) -> None:
    path = packed(struct.pack(">4I", 0xD03, 1, 1, 1) + bytes(4), tmp_path / "i.gz")
    with pytest.raises(DataError, match="got 0x00000d03"):
        read_images(path)


def test_truncated_gzip(tmp_path: Path) -> None:
    write_idx(tmp_path / "i.gz", IMAGES)
    (tmp_path / "i.gz").write_bytes((tmp_path / "i.gz").read_bytes()[:-20])
    with pytest.raises(
        DataError, match=r"i\.gz is truncated: its gzip stream breaks off\. Fetch the file again"
    ):
        read_images(tmp_path / "i.gz")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"<html>no such file", "wrong magic number.* got 0x3c68746d. "),
        (b"\x1f\x8b\x07no such file", "not a sound gzip file: Unknown compression method"),
        (b"", "wrong magic number.* got 0x. "),
    ],
)
def test_what_is_neither_idx_nor_gzip(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "i.gz").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        read_images(tmp_path / "i.gz")


def test_damaged_content_is_found_by_its_checksum(tmp_path: Path) -> None:
    content = bytearray(encode_idx(IMAGES))
    content[40] ^= 1
    (tmp_path / "i.gz").write_bytes(content)
    with pytest.raises(DataError, match="not a sound gzip file: CRC check failed"):
        read_images(tmp_path / "i.gz")


@pytest.mark.parametrize(("num_bytes", "got"), [(59, "59"), (61, "more")])
def test_header_that_says_another_size(num_bytes: int, got: str, tmp_path: Path) -> None:
    path = packed(struct.pack(">4I", 0x803, 5, 4, 3) + bytes(num_bytes), tmp_path / "i.gz")
    with pytest.raises(
        DataError, match=rf"the header says 5 x 4 x 3 = 60 bytes, got {got}\. Fetch the file"
    ):
        read_images(path)


def test_a_small_file_that_holds_very_much_is_not_unpacked(tmp_path: Path) -> None:
    content = struct.pack(">4I", 0x803, 5, 4, 3) + bytes(200_000_000)
    path = packed(content, tmp_path / "i.gz")
    tracemalloc.start()
    try:
        with pytest.raises(DataError, match="says 5 x 4 x 3 = 60 bytes, got more"):
            read_images(path)
        assert tracemalloc.get_traced_memory()[1] < 10_000_000
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("sizes", [(2**32 - 1,) * 3, (60000, 2**31, 2**31), (2**20, 2**20, 1)])
def test_sizes_that_no_file_of_its_length_can_hold(sizes: tuple[int, ...], tmp_path: Path) -> None:
    path = packed(struct.pack(">4I", 0x803, *sizes) + bytes(40), tmp_path / "i.gz")
    packed_bytes = path.stat().st_size
    shape = " x ".join(map(str, sizes))
    text = rf"says {shape} = \d+ bytes, but the file's {packed_bytes} packed bytes cannot"
    with pytest.raises(DataError, match=text):
        read_images(path)


def test_more_than_the_memory_holds(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    class Memory:
        available = 59

    monkeypatch.setattr("psutil.virtual_memory", Memory)
    write_idx(tmp_path / "i.gz", IMAGES)
    with pytest.raises(
        MachineError, match=r"i\.gz holds 5 x 4 x 3 = 60 bytes, and 59 bytes of memory are free\. End"
    ):
        read_images(tmp_path / "i.gz")


@pytest.mark.parametrize("sizes", [(0, 28, 28), (5, 0, 3), (0, 2**32 - 1, 2**32 - 1)])
def test_images_without_pixels(sizes: tuple[int, ...], tmp_path: Path) -> None:
    path = packed(struct.pack(">4I", 0x803, *sizes), tmp_path / "i.gz")
    with pytest.raises(
        DataError, match=rf"says {' x '.join(map(str, sizes))} = 0 bytes: nothing to learn from"
    ):
        read_images(path)


def test_no_labels(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"the header says 0 bytes: nothing to learn from\."):
        read_labels(packed(struct.pack(">2I", 0x801, 0), tmp_path / "l.gz"))


def test_a_file_that_was_unpacked_whatever_its_name(tmp_path: Path) -> None:
    (tmp_path / "i.gz").write_bytes(gzip.decompress(encode_idx(IMAGES)))
    np.testing.assert_array_equal(read_images(tmp_path / "i.gz"), IMAGES)


@pytest.mark.parametrize("change", [-1, 1])
def test_an_unpacked_file_of_another_size_than_it_says(change: int, tmp_path: Path) -> None:
    content = gzip.decompress(encode_idx(IMAGES)) + b"\0"
    (tmp_path / "i").write_bytes(content[: len(content) - 1 + change])
    got = "59" if change < 0 else "more"
    with pytest.raises(DataError, match=rf"says 5 x 4 x 3 = 60 bytes, got {got}\. Fetch"):
        read_images(tmp_path / "i")


def test_unpacked_sizes_that_no_file_of_its_length_can_hold(tmp_path: Path) -> None:
    (tmp_path / "i").write_bytes(struct.pack(">4I", 0x803, 60_000, 2**31, 2**31) + bytes(40))
    with pytest.raises(DataError, match=r"but the file's 56 packed bytes cannot hold more than 56\."):
        read_images(tmp_path / "i")


def test_a_folder(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"cannot be read: Is a directory\. Expected an IDX file\."):
        read_images(tmp_path)


def test_a_file_that_a_disk_cannot_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def broken(path: Path, mode: str) -> None:
        raise OSError(errno.EIO, "Input/output error", str(path))

    write_idx(tmp_path / "i.gz", IMAGES)
    monkeypatch.setattr(Path, "open", broken)
    with pytest.raises(DataError, match=r"i\.gz cannot be read: Input/output error\."):
        read_images(tmp_path / "i.gz")


def test_as_many_labels_as_images(tmp_path: Path) -> None:
    write_idx(tmp_path / "i.gz", IMAGES)
    write_idx(tmp_path / "l.gz", LABELS[:3])
    with pytest.raises(
        DataError, match=r"i\.gz holds 5 images and .*l\.gz 3 labels, expected one for each\."
    ):
        read_pair(tmp_path / "i.gz", tmp_path / "l.gz")
    write_idx(tmp_path / "l.gz", LABELS)
    images, labels = read_pair(tmp_path / "i.gz", tmp_path / "l.gz")
    np.testing.assert_array_equal(images, IMAGES)
    np.testing.assert_array_equal(labels, LABELS)
    assert not images.flags.writeable


def test_header_that_breaks_off(tmp_path: Path) -> None:
    path = packed(struct.pack(">2I", 0x803, 5), tmp_path / "i.gz")
    with pytest.raises(DataError, match="ends within its header: 8 bytes, expected 16"):
        read_images(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"i\.gz is missing\. Fetch the file again"):
        read_images(tmp_path / "i.gz")


def data_set(folder: Path, *names: str) -> Path:
    """Write files of the names that MNIST has, or nearly so."""
    for name in names:
        role = noise(2, 5, 8, 6) if "images" in name else LABELS
        content = encode_idx(role[:2] if name.startswith(("t10k", "test")) else role)
        written(folder, {name: content if name.endswith(".gz") else gzip.decompress(content)})
    return folder


@pytest.mark.parametrize("suffix", ["", ".gz"])
@pytest.mark.parametrize("join", ["-", "."])
@pytest.mark.parametrize("prefix", ["", "emnist-letters-"])
def test_a_data_set_of_four_files(prefix: str, join: str, suffix: str, tmp_path: Path) -> None:
    names = [f"{prefix}{part}-images{join}idx3-ubyte{suffix}" for part in ("train", "t10k")]
    names += [f"{prefix}{part}-labels{join}idx1-ubyte{suffix}" for part in ("train", "t10k")]
    names = [name.replace(f"{prefix}t10k", f"{prefix}test") if prefix else name for name in names]
    folder = data_set(tmp_path, *names)
    labelled = read(folder)
    num_test = 5 if prefix else 2
    assert labelled.kind == "idx"
    assert labelled.given == ("train",) * 5 + ("test",) * num_test
    assert labelled.files == tuple(
        [f"train[{row}]" for row in range(5)] + [f"test[{row}]" for row in range(num_test)]
    )
    assert labelled.labels[:5] == ("3", "1", "4", "1", "5")
    np.testing.assert_array_equal(labelled.images[:5, :, :, 0], noise(2, 5, 8, 6))


def test_a_data_set_without_test_images(tmp_path: Path) -> None:
    names = ("train-images-idx3-ubyte", "train-labels-idx1-ubyte.gz")
    assert read(data_set(tmp_path, *names)).given == ("train",) * 5


def test_colour_in_four_dimensions(tmp_path: Path) -> None:
    colours = noise(1, 5, 8, 6, 3)
    write_idx(tmp_path / "train-images-idx4-ubyte.gz", colours)
    write_idx(tmp_path / "train-labels-idx1-ubyte.gz", LABELS)
    np.testing.assert_array_equal(read(tmp_path, channels=3).images, colours)
    with pytest.raises(DataError, match=r"expected 0x00000803 .*, got 0x00000804"):
        read_images(tmp_path / "train-images-idx4-ubyte.gz")
    write_idx(tmp_path / "train-images-idx4-ubyte.gz", noise(1, 5, 8, 6, 2))
    with pytest.raises(DataError, match=r"has 2 channels\. Expected 1, 3 or 4"):
        read(tmp_path)


@pytest.mark.parametrize(
    ("names", "text"),
    [
        (
            ("train-images-idx3-ubyte",),
            r"holds train-images-idx3-ubyte and no file of its labels\. Expected both: add it\.",
        ),
        (("train-labels-idx1-ubyte.gz",), r"and no file of its images\. Expected both"),
        (
            ("train-images-idx3-ubyte", "train-images-idx3-ubyte.gz", "train-labels-idx1-ubyte"),
            r"holds train-images-idx3-ubyte and train-images-idx3-ubyte\.gz\. Expected one data set",
        ),
        (
            ("a-train-images-idx3-ubyte", "b-train-labels-idx1-ubyte"),
            r"holds a-train-images-idx3-ubyte and b-train-labels-idx1-ubyte\. Expected one data set",
        ),
    ],
)
def test_files_that_do_not_make_a_data_set(names: tuple[str, ...], text: str, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=text):
        read(data_set(tmp_path, *names))
