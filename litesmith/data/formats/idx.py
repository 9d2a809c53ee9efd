"""IDX files, the format of MNIST, packed with gzip or not.

Source: Y. LeCun, C. Cortes, C. Burges, "The MNIST database", http://yann.lecun.com/exdb/mnist/.
"""

import gzip
import math
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import IO

import numpy as np
import psutil
from numpy.typing import NDArray

from litesmith.data.formats.archive import MOST_EXPANSION
from litesmith.data.formats.labelled import Sample, count_noun
from litesmith.data.formats.layout import IDX_NAME, Layout
from litesmith.data.formats.listing import ArrayRows, Format, Listing
from litesmith.errors import DataError, MachineError
from litesmith.files import explaining

IMAGES_MAGIC = 0x00000803
COLOUR_MAGIC = 0x00000804
LABELS_MAGIC = 0x00000801

_MEANINGS = {
    IMAGES_MAGIC: "images: uint8, 3 dimensions",
    COLOUR_MAGIC: "images: uint8, 4 dimensions",
    LABELS_MAGIC: "labels: uint8, 1 dimension",
}
_GZIP_MARK = b"\x1f\x8b"
_STORED_BLOCK_BYTES = 65535
_CHUNK_BYTES = 1 << 20
_FETCH_AGAIN = "Fetch the file again, or restore it."
_PARTS = {"train": "train", "t10k": "test", "test": "test"}


@dataclass(frozen=True)
class _File:
    """An IDX file: its name in messages, its packed bytes, how it is opened."""

    where: str
    size: int
    stream: Callable[[], IO[bytes]]


def read_images(path: Path) -> NDArray[np.uint8]:
    """Read the grey images of an IDX file.

    Returns:
        uint8, (n, height, width), read-only.

    Raises:
        DataError: The file is missing, not whole, not IDX, or holds something else than images, or none.
        MachineError: It may not be read by this user, or is too large for the memory that is free.
    """
    return _read(_file_at(path), (IMAGES_MAGIC,))


def read_labels(path: Path) -> NDArray[np.uint8]:
    """Read labels, uint8 (n,), read-only; errors as in `read_images`."""
    return _read(_file_at(path), (LABELS_MAGIC,))


def read_pair(images_path: Path, labels_path: Path) -> tuple[NDArray[np.uint8], NDArray[np.uint8]]:
    """Read images and their labels.

    Raises:
        DataError: A file cannot be read, or there are not as many labels as images.
        MachineError: As `read_images` raises it.
    """
    images, labels = read_images(images_path), read_labels(labels_path)
    _require_pair(images, labels, str(images_path), str(labels_path))
    return images, labels


def encode_idx(array: NDArray[np.uint8]) -> bytes:
    """Return uint8 images (n, height, width[, channels]) or labels (n,) as IDX bytes.

    The bytes are packed as gzip, and the same on all machines.

    Raises:
        ValueError: The array has another type or number of dimensions.
    """
    if array.dtype != np.uint8 or array.ndim not in (1, 3, 4):
        raise ValueError(
            f"array must be uint8 with 1, 3 or 4 dimensions, got {array.dtype} with {array.ndim}."
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


def _matches(layout: Layout) -> bool:
    return bool(layout.idx_files)


def _listing(layout: Layout) -> Listing:
    samples, arrays, rows = [], [], []
    for part, (images_name, labels_name) in _pairs(layout).items():
        images = _read(_file_in(layout, images_name), (IMAGES_MAGIC, COLOUR_MAGIC))
        labels = _read(_file_in(layout, labels_name), (LABELS_MAGIC,))
        _require_pair(images, labels, layout.where(images_name), layout.where(labels_name))
        samples += [
            Sample(f"{part}[{row}]", str(label), given=part) for row, label in enumerate(labels.tolist())
        ]
        arrays.append(images[:, :, :, None] if images.ndim == 3 else images)
        rows.append(np.arange(len(images)))
    others = len(layout.names) - len(layout.idx_files)
    notes = (f"{count_noun(others, 'other file')} left out",) if others else ()
    return Listing(tuple(samples), ArrayRows(arrays, rows), notes=notes)


def _pairs(layout: Layout) -> dict[str, tuple[str, str]]:
    """Return the files of images and of labels of each part, training images first."""
    found: dict[tuple[str, str], list[str]] = {}
    sets = set()
    for name in layout.idx_files:
        match = IDX_NAME.fullmatch(name)
        if match is not None:
            collection, part, role = match.groups()
            found.setdefault((_PARTS[part], role), []).append(name)
            sets.add(collection)
    several = next((names for names in found.values() if len(names) > 1), None)
    if several or len(sets) > 1:
        names = several or layout.idx_files
        raise DataError(
            f"{layout.tree.path} holds {' and '.join(names[:4])}. Expected one data set, each file "
            "packed or not: move the others away."
        )
    pairs = {}
    for part in dict.fromkeys(_PARTS.values()):
        names = ["".join(found.get((part, role), ())) for role in ("images", "labels")]
        if any(names) and not all(names):
            missing, there = ("images", names[1]) if names[1] else ("labels", names[0])
            raise DataError(
                f"{layout.tree.path} holds {there} and no file of its {missing}. Expected both: add it."
            )
        if all(names):
            pairs[part] = (names[0], names[1])
    return pairs


def _require_pair(
    images: NDArray[np.uint8], labels: NDArray[np.uint8], images_where: str, labels_where: str
) -> None:
    if len(images) != len(labels):
        raise DataError(
            f"{images_where} holds {len(images)} images and {labels_where} {len(labels)} labels, "
            f"expected one for each. {_FETCH_AGAIN}"
        )


def _file_at(path: Path) -> _File:
    if path.is_dir():
        raise DataError(f"{path} cannot be read: Is a directory. Expected an IDX file.")
    try:
        return _File(str(path), path.stat().st_size, lambda: path.open("rb"))
    except FileNotFoundError as error:
        raise DataError(f"{path} is missing. {_FETCH_AGAIN}") from error


def _file_in(layout: Layout, name: str) -> _File:
    full = layout.full(name)
    return _File(layout.where(name), layout.tree.packed_size(full), lambda: layout.tree.stream(full))


def _read(file: _File, magics: tuple[int, ...]) -> NDArray[np.uint8]:
    with _unpacking(file) as (stream, expansion):
        first = stream.read(4)
        _check_magic(file.where, first, magics)
        num_bytes = 4 * first[3]
        header = stream.read(num_bytes)
        if len(header) < num_bytes:
            got = f"{len(header) + 4} bytes, expected {num_bytes + 4}"
            raise DataError(f"{file.where} ends within its header: {got}. {_FETCH_AGAIN}")
        shape = struct.unpack(f">{first[3]}I", header)
        _check_size(file, shape, expansion)
        array = np.frombuffer(_content(file.where, stream, shape), np.uint8).reshape(shape)
    if array.ndim == 4 and array.shape[3] not in (1, 3, 4):
        raise DataError(f"{file.where} has {array.shape[3]} channels. Expected 1, 3 or 4.")
    array.flags.writeable = False
    return array


def _check_size(file: _File, shape: tuple[int, ...], expansion: int) -> None:
    """Refuse sizes that cannot be true or do not fit."""
    expected = math.prod(shape)
    header = f"{file.where}: the header says {_sizes(shape)}"
    if expected == 0:
        raise DataError(f"{header}: nothing to learn from. {_FETCH_AGAIN}")
    if expected > file.size * expansion:
        raise DataError(
            f"{header}, but the file's {file.size} packed bytes cannot hold more than "
            f"{file.size * expansion}. {_FETCH_AGAIN}"
        )
    available = psutil.virtual_memory().available
    if expected > available:
        raise MachineError(
            f"{file.where} holds {_sizes(shape)}, and {available} bytes of memory are free. End other "
            "programs, or take a machine with more memory."
        )


def _content(where: str, stream: IO[bytes] | gzip.GzipFile, shape: tuple[int, ...]) -> bytearray:
    """Return what follows the header, unpacking at most one byte too many."""
    expected, content = math.prod(shape), bytearray()
    header = f"{where}: the header says {_sizes(shape)}"
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
def _unpacking(file: _File) -> Iterator[tuple[IO[bytes] | gzip.GzipFile, int]]:
    """Open a file's unpacked stream and explain what fails.

    With it goes the most that a packed byte can become.
    """
    where = file.where
    try:
        with explaining(), file.stream() as start:
            is_packed = start.read(2) == _GZIP_MARK
        with explaining(), file.stream() as packed:
            if not is_packed:
                yield packed, 1
                return
            with gzip.open(packed) as stream:
                yield stream, MOST_EXPANSION
    except EOFError as error:
        raise DataError(f"{where} is truncated: its gzip stream breaks off. {_FETCH_AGAIN}") from error
    except (gzip.BadGzipFile, zlib.error, zipfile.BadZipFile) as error:
        raise DataError(f"{where} is not a sound gzip file: {error}. {_FETCH_AGAIN}") from error
    except OSError as error:
        text = f"{where} cannot be read: {error.strerror}. Expected an IDX file."
        raise DataError(text) from error
    except MemoryError as error:
        text = f"{where} is too large for the memory that is free. End other programs."
        raise MachineError(text) from error


def _check_magic(where: str, first: bytes, magics: tuple[int, ...]) -> None:
    actual = int.from_bytes(first, "big")
    if actual in magics and len(first) == 4:
        return
    got, fix = f"0x{first.hex()}", _FETCH_AGAIN
    if actual in _MEANINGS:
        got = f"0x{actual:08x} ({_MEANINGS[actual]})"
        fix = "The images file and the labels file look swapped: exchange them, or fetch both again."
    raise DataError(
        f"{where}: wrong magic number, expected 0x{magics[0]:08x} ({_MEANINGS[magics[0]]}), got {got}. "
        f"{fix}"
    )


IDX = Format(
    "idx", "IDX files named as those of MNIST, such as train-images-idx3-ubyte.gz", _matches, _listing
)
