"""Read and write IDX files, the format of MNIST and its kin, packed with gzip.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/ (format of the files).
"""

import gzip
import math
import struct
import zlib
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError

IMAGES_MAGIC = 0x00000803
LABELS_MAGIC = 0x00000801

_MEANINGS = {IMAGES_MAGIC: "images: uint8, 3 dimensions", LABELS_MAGIC: "labels: uint8, 1 dimension"}
_STORED_BLOCK_BYTES = 65535
_FETCH_AGAIN = "Fetch the file again, or restore it."


def read_images(path: Path) -> NDArray[np.uint8]:
    """Read the images of a gzip-packed IDX file.

    Args:
        path: The file.

    Returns:
        uint8, (n, height, width), read-only.

    Raises:
        DataError: The file is missing, not whole, not IDX, or holds something else than images.
    """
    return _read(path, IMAGES_MAGIC)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Read the labels of a gzip-packed IDX file.

    Args:
        path: The file.

    Returns:
        uint8, (n,), read-only.

    Raises:
        DataError: The file is missing, not whole, not IDX, or holds something else than labels.
    """
    return _read(path, LABELS_MAGIC)


def encode_idx(array: NDArray[np.uint8]) -> bytes:
    """Return an array as the bytes of a gzip-packed IDX file, the same on every machine.

    Args:
        array: uint8, images (n, height, width) or labels (n,).
    """
    if array.dtype != np.uint8 or array.ndim not in (1, 3):
        raise ValueError(f"array must be uint8 with 1 or 3 dimensions, got {array.dtype} with {array.ndim}.")
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return _gzip_stored(header + array.tobytes())


def _gzip_stored(content: bytes) -> bytes:
    """Pack bytes as gzip without compressing.

    Written out here because zlib and zlib-ng, and their versions, cut even stored blocks differently: the files of a
    drawn data set must hash the same everywhere. Sources: RFC 1952 (gzip), RFC 1951 section 3.2.4 (stored blocks).
    """
    starts = range(0, max(len(content), 1), _STORED_BLOCK_BYTES)
    blocks = [content[start : start + _STORED_BLOCK_BYTES] for start in starts]
    packed = [
        struct.pack("<BHH", block_start == starts[-1], len(block), len(block) ^ 0xFFFF) + block
        for block_start, block in zip(starts, blocks, strict=True)
    ]
    head = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
    tail = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return head + b"".join(packed) + tail


def _read(path: Path, magic: int) -> NDArray[np.uint8]:
    content = _unpack(path)
    _check_magic(path, content[:4], magic)
    num_dimensions = magic & 0xFF
    start = 4 + 4 * num_dimensions
    if len(content) < start:
        raise DataError(f"{path} ends within its header: {len(content)} bytes, expected {start}. {_FETCH_AGAIN}")
    shape = struct.unpack(f">{num_dimensions}I", content[4:start])
    found, promised = len(content) - start, math.prod(shape)
    if found != promised:
        sizes = " x ".join(map(str, shape))
        raise DataError(f"{path}: the header promises {sizes} = {promised} bytes, got {found}. {_FETCH_AGAIN}")
    return np.frombuffer(content, np.uint8, offset=start).reshape(shape)


def _unpack(path: Path) -> bytes:
    try:
        with gzip.open(path) as stream:
            return stream.read()
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing. {_FETCH_AGAIN}") from error
    except EOFError as error:
        raise DataError(f"{path} is truncated: its gzip stream breaks off. {_FETCH_AGAIN}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        raise DataError(f"{path} is not a sound gzip file: {error}. {_FETCH_AGAIN}") from error


def _check_magic(path: Path, first: bytes, magic: int) -> None:
    found = int.from_bytes(first, "big")
    if found == magic and len(first) == 4:
        return
    if found in _MEANINGS:
        fix = "The images file and the labels file look swapped: exchange them, or fetch both again."
    else:
        fix = _FETCH_AGAIN
    got = f"0x{found:08x} ({_MEANINGS[found]})" if found in _MEANINGS else f"0x{first.hex()}"
    raise DataError(f"{path}: wrong magic number, expected 0x{magic:08x} ({_MEANINGS[magic]}), got {got}. {fix}")
