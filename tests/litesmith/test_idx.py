import gzip
import hashlib
import struct
from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import DataError
from litesmith.idx import encode_idx, read_images, read_labels
from tests.conftest import write_idx

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
    with pytest.raises(ValueError, match=r"must be uint8 with 1 or 3 dimensions, got float32 with 3"):
        encode_idx(IMAGES.astype(np.float32))  # type: ignore[arg-type]


def test_swapped_files_are_named_as_such(tmp_path: Path) -> None:
    write_idx(tmp_path / "i.gz", LABELS)
    text = (
        r"i\.gz: wrong magic number, expected 0x00000803 \(images: uint8, 3 dimensions\), "
        r"got 0x00000801 \(labels: uint8, 1 dimension\)\. The images file and the labels file look swapped"
    )
    with pytest.raises(DataError, match=text):
        read_images(tmp_path / "i.gz")
    write_idx(tmp_path / "l.gz", IMAGES)
    with pytest.raises(DataError, match=r"expected 0x00000801 .* got 0x00000803 .* look swapped"):
        read_labels(tmp_path / "l.gz")


def test_wrong_magic_says_what_was_found_and_expected(tmp_path: Path) -> None:
    path = packed(b"PNG\x00" + bytes(40), tmp_path / "i.gz")
    with pytest.raises(DataError, match=r"wrong magic number, expected 0x00000803 .*, got 0x504e4700\. Fetch the file"):
        read_images(path)


def test_a_file_of_floats_has_the_wrong_magic(tmp_path: Path) -> None:
    path = packed(struct.pack(">4I", 0xD03, 1, 1, 1) + bytes(4), tmp_path / "i.gz")
    with pytest.raises(DataError, match="got 0x00000d03"):
        read_images(path)


def test_truncated_gzip(tmp_path: Path) -> None:
    write_idx(tmp_path / "i.gz", IMAGES)
    (tmp_path / "i.gz").write_bytes((tmp_path / "i.gz").read_bytes()[:-20])
    with pytest.raises(DataError, match=r"i\.gz is truncated: its gzip stream breaks off\. Fetch the file again"):
        read_images(tmp_path / "i.gz")


@pytest.mark.parametrize(
    ("content", "reason"), [(b"<html>no such file", "Not a gzipped file"), (b"", "wrong magic number.* got 0x. ")]
)
def test_what_is_not_gzip(content: bytes, reason: str, tmp_path: Path) -> None:
    (tmp_path / "i.gz").write_bytes(content)
    with pytest.raises(DataError, match=reason):
        read_images(tmp_path / "i.gz")


def test_damaged_content_is_found_by_its_checksum(tmp_path: Path) -> None:
    content = bytearray(encode_idx(IMAGES))
    content[40] ^= 1
    (tmp_path / "i.gz").write_bytes(content)
    with pytest.raises(DataError, match="not a sound gzip file: CRC check failed"):
        read_images(tmp_path / "i.gz")


@pytest.mark.parametrize("num_bytes", [59, 61])
def test_header_that_promises_another_size(num_bytes: int, tmp_path: Path) -> None:
    path = packed(struct.pack(">4I", 0x803, 5, 4, 3) + bytes(num_bytes), tmp_path / "i.gz")
    with pytest.raises(DataError, match=f"the header promises 5 x 4 x 3 = 60 bytes, got {num_bytes}"):
        read_images(path)


def test_header_that_breaks_off(tmp_path: Path) -> None:
    path = packed(struct.pack(">2I", 0x803, 5), tmp_path / "i.gz")
    with pytest.raises(DataError, match="ends within its header: 8 bytes, expected 16"):
        read_images(path)


def test_missing_file(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"i\.gz is missing\. Fetch the file again"):
        read_images(tmp_path / "i.gz")
