"""IDX files, the format of MNIST, packed with gzip.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/.
"""

import gzip
import math
import struct
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from litesmith.errors import DataError, MachineError
from litesmith.files import explaining

IMAGES_MAGIC = 0x00000803
LABELS_MAGIC = 0x00000801

_MEANINGS = {IMAGES_MAGIC: "images: uint8, 3 dimensions", LABELS_MAGIC: "labels: uint8, 1 dimension"}
_STORED_BLOCK_BYTES = 65535
_CHUNK_BYTES = 1 << 20
# Deflate packs at most so many bytes into one (https://zlib.net/zlib_tech.html).
_MOST_EXPANSION = 1032
_FETCH_AGAIN = "Fetch the file again, or restore it."


def read_images(path: Path) -> NDArray[np.uint8]:
    """Read the images of a gzip-packed IDX file.

    Returns:
        uint8, (n, height, width), read-only.

    Raises:
        DataError: The file is missing, not whole, not IDX, or holds something else than images, or none.
        MachineError: It may not be read by this user, or is too large for the memory that is free.
    """
    return _read(path, IMAGES_MAGIC)


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Read labels, uint8 (n,), read-only; errors as in `read_images`."""
    return _read(path, LABELS_MAGIC)


def read_pair(images_path: Path, labels_path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images and their labels.

    Raises:
        DataError: A file cannot be read, or there are not as many labels as images.
        MachineError: As `read_images` raises it.
    """
    images, labels = read_images(images_path), read_labels(labels_path)
    if len(images) != len(labels):
        raise DataError(
            f"{images_path} holds {len(images)} images and {labels_path} {len(labels)} labels, expected "
            f"one for each. {_FETCH_AGAIN}"
        )
    return images, labels


def encode_idx(array: NDArray[np.uint8]) -> bytes:
    """Return uint8 images (n, height, width) or labels (n,) as IDX bytes.

    The bytes are the same on all machines.

    Raises:
        ValueError: The array has another type or number of dimensions.
    """
    if array.dtype != np.uint8 or array.ndim not in (1, 3):
        raise ValueError(
            f"array must be uint8 with 1 or 3 dimensions, got {array.dtype} with {array.ndim}."
        )
    header = struct.pack(f">HBB{array.ndim}I", 0, 8, array.ndim, *array.shape)
    return _gzip_stored(header + array.tobytes())


def _gzip_stored(content: bytes) -> bytes:
    """Pack bytes as gzip without compressing.

    Not done with zlib: it and zlib-ng, and their versions, cut even stored blocks differently, and files
    of synthetic data must hash the same everywhere. Sources: RFC 1952 (gzip), RFC 1951 section 3.2.4
    (blocks).
    """
    starts = range(0, max(len(content), 1), _STORED_BLOCK_BYTES)
    blocks = [content[start : start + _STORED_BLOCK_BYTES] for start in starts]
    packed = [
        struct.pack("<BHH", start == starts[-1], len(block), len(block) ^ 0xFFFF) + block
        for start, block in zip(starts, blocks, strict=True)
    ]
    head = b"\x1f\x8b\x08\x00" + bytes(4) + b"\x00\xff"
    tail = struct.pack("<II", zlib.crc32(content), len(content) & 0xFFFFFFFF)
    return head + b"".join(packed) + tail


def _read(path: Path, magic: int) -> NDArray[np.uint8]:
    num_sizes = magic & 0xFF
    num_bytes = 4 + 4 * num_sizes
    with _unpacking(path, magic) as stream:
        header = stream.read(num_bytes)
        _check_magic(path, header[:4], magic)
        if len(header) < num_bytes:
            got = f"{len(header)} bytes, expected {num_bytes}"
            raise DataError(f"{path} ends within its header: {got}. {_FETCH_AGAIN}")
        shape = struct.unpack(f">{num_sizes}I", header[4:])
        _check_size(path, shape)
        array = np.frombuffer(_content(path, stream, shape), np.uint8).reshape(shape)
    array.flags.writeable = False
    return array


def _check_size(path: Path, shape: tuple[int, ...]) -> None:
    """Refuse sizes that cannot be true or do not fit."""
    expected, packed = math.prod(shape), path.stat().st_size
    header = f"{path}: the header says {_sizes(shape)}"
    if expected == 0:
        raise DataError(f"{header}: nothing to learn from. {_FETCH_AGAIN}")
    if expected > packed * _MOST_EXPANSION:
        raise DataError(
            f"{header}, but the file's {packed} packed bytes cannot hold more than "
            f"{packed * _MOST_EXPANSION}. {_FETCH_AGAIN}"
        )
    available = psutil.virtual_memory().available
    if expected > available:
        raise MachineError(
            f"{path} holds {_sizes(shape)}, and {available} bytes of memory are free. End other "
            "programs, or take a machine with more memory."
        )


def _content(path: Path, stream: gzip.GzipFile, shape: tuple[int, ...]) -> bytearray:
    """Return what follows the header, unpacking at most one byte too many."""
    expected, content = math.prod(shape), bytearray()
    header = f"{path}: the header says {_sizes(shape)}"
    # Read until the end, where the checksum is looked at.
    while chunk := stream.read(min(_CHUNK_BYTES, expected + 1 - len(content))):
        content += chunk
        if len(content) > expected:
            raise DataError(f"{header}, got more. {_FETCH_AGAIN}")
    if len(content) < expected:
        raise DataError(f"{header}, got {len(content)}. {_FETCH_AGAIN}")
    return content


def _sizes(shape: tuple[int, ...]) -> str:
    factors = f"{' x '.join(map(str, shape))} = " if len(shape) > 1 else ""
    return f"{factors}{math.prod(shape)} bytes"


@contextmanager
def _unpacking(path: Path, magic: int) -> Iterator[gzip.GzipFile]:
    """Open a file's unpacked stream, and explain what fails."""
    if path.is_dir():
        raise DataError(f"{path} cannot be read: Is a directory. Expected a gzip-packed IDX file.")
    try:
        with explaining(), gzip.open(path) as stream:
            yield stream
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing. {_FETCH_AGAIN}") from error
    except EOFError as error:
        raise DataError(f"{path} is truncated: its gzip stream breaks off. {_FETCH_AGAIN}") from error
    except (gzip.BadGzipFile, zlib.error) as error:
        with path.open("rb") as file:
            is_unpacked = file.read(4) == magic.to_bytes(4, "big")
        if is_unpacked:
            fix = "Pack it with gzip, under the same name."
            raise DataError(f"{path} is an IDX file that is not packed. {fix}") from error
        raise DataError(f"{path} is not a sound gzip file: {error}. {_FETCH_AGAIN}") from error
    except OSError as error:
        text = f"{path} cannot be read: {error.strerror}. Expected a gzip-packed IDX file."
        raise DataError(text) from error
    except MemoryError as error:
        text = f"{path} is too large for the memory that is free. End other programs."
        raise MachineError(text) from error


def _check_magic(path: Path, first: bytes, magic: int) -> None:
    actual = int.from_bytes(first, "big")
    if actual == magic and len(first) == 4:
        return
    got, fix = f"0x{first.hex()}", _FETCH_AGAIN
    if actual in _MEANINGS:
        got = f"0x{actual:08x} ({_MEANINGS[actual]})"
        fix = "The images file and the labels file look swapped: exchange them, or fetch both again."
    raise DataError(
        f"{path}: wrong magic number, expected 0x{magic:08x} ({_MEANINGS[magic]}), got {got}. {fix}"
    )
