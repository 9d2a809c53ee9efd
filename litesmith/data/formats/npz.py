"""NumPy's archives of arrays, as Keras' and other data sets have them.

Arrays are ``x_train`` and ``y_train``, ``x_test`` and ``y_test`` (or ``train_images`` and
``train_labels``, as MedMNIST has them), or ``images``, ``labels`` and, if there is one, ``groups``.
Source of the format: https://numpy.org/doc/stable/reference/generated/numpy.lib.format.html.
"""

import math
import re
import shutil
import tempfile
import zipfile
from collections.abc import Collection, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from typing import IO

import numpy as np
import psutil
from numpy.lib import format as npy
from numpy.typing import NDArray

from litesmith.data.formats.archive import MOST_EXPANSION, explaining_zip
from litesmith.data.formats.labelled import Sample, Unreadable, class_name, count_noun
from litesmith.data.formats.layout import PARTS, Layout, is_validation
from litesmith.data.formats.levels import InBytes, arrays_in_bytes
from litesmith.data.formats.listing import ArrayRows, Format, Listing
from litesmith.errors import DataError, MachineError
from litesmith.files import explaining

_EXPECTED = "x_train and y_train, perhaps with x_test and y_test, or images and labels"
_ROLES = {"x": "images", "images": "images", "y": "labels", "labels": "labels", "groups": "groups"}
_PART_NAMES = "|".join(PARTS)
_NAME = re.compile(
    rf"(?:(?P<first>x|y|images|labels|groups)(?:_(?P<after>{_PART_NAMES}))?"
    rf"|(?P<before>{_PART_NAMES})_(?P<last>x|y|images|labels|groups))",
    re.IGNORECASE,
)
_CHUNK_BYTES = 16 * 2**20
# Opacity can be a channel too.
_CHANNELS = (1, 3, 4)


@dataclass(frozen=True)
class _Array:
    """An array in an archive, by its header."""

    info: zipfile.ZipInfo
    shape: tuple[int, ...]
    dtype: np.dtype[np.generic]
    in_fortran_order: bool
    offset: int


@dataclass(frozen=True)
class _Arrays:
    """The arrays of a part; ``part`` is empty if there are none."""

    part: str
    images: _Array
    labels: _Array
    groups: _Array | None


@dataclass(frozen=True)
class _Part:
    """Images of one part, uint8 (n, height, width, channels), with faults by row."""

    name: str
    given: str
    images: NDArray[np.uint8]
    labels: tuple[str, ...]
    groups: tuple[str, ...]
    faults: dict[int, str]


def _matches(layout: Layout) -> bool:
    return bool(layout.archives)


def _listing(layout: Layout) -> Listing:
    if len(layout.archives) > 1:
        raise DataError(
            f"{layout.tree.path} holds {' and '.join(layout.archives[:3])}. Expected one .npz file: "
            "keep each in a folder of its own, as a batch of its own."
        )
    name = layout.archives[0]
    where = layout.where(name)
    with _opened(layout, name) as file:
        with explaining_zip(where):
            archive = zipfile.ZipFile(file)
        with archive:
            parts, notes = _read(archive, where)
    samples, unreadable, rows = [], [], []
    for part in parts:
        good = [row for row in range(len(part.images)) if row not in part.faults]
        samples += [
            Sample(f"{part.name}[{row}]", part.labels[row], part.groups[row], part.given) for row in good
        ]
        unreadable += [Unreadable(f"{part.name}[{row}]", why) for row, why in part.faults.items()]
        rows.append(np.array(good, np.int64))
    pixels = ArrayRows([part.images for part in parts], rows)
    return Listing(tuple(samples), pixels, tuple(unreadable), tuple(notes))


@contextmanager
def _opened(layout: Layout, name: str) -> Iterator[IO[bytes]]:
    """Open the file so that going back in it is cheap."""
    where = layout.where(name)
    try:
        file = layout.tree.stream(layout.full(name))
    except OSError as error:
        raise MachineError(f"cannot read {where}: {error.strerror}. Change its permissions.") from error
    with file:
        if not isinstance(file, zipfile.ZipExtFile):
            yield file
            return
        with tempfile.TemporaryFile() as unpacked:
            with explaining(), explaining_zip(where):
                shutil.copyfileobj(file, unpacked, _CHUNK_BYTES)
            unpacked.seek(0)
            yield unpacked


def _read(archive: zipfile.ZipFile, where: str) -> tuple[list[_Part], list[str]]:
    """Read all arrays that are known by their names."""
    found: dict[str, dict[str, _Array]] = {}
    others = []
    for info in archive.infolist():
        name = info.filename.removesuffix(".npy")
        match = _NAME.fullmatch(name)
        if match is None:
            others.append(name)
            continue
        first, after, before, last = match.groups()
        role = _ROLES[(first or last).casefold()]
        arrays = found.setdefault((after or before or "").casefold(), {})
        if role in arrays:
            raise DataError(f"{where} holds {role} twice for one part, as {name!r}. Remove one.")
        arrays[role] = _header(archive, info, f"{where}: {name}")
    _require_parts(found, others, where)
    order = list(PARTS)
    names = sorted(found, key=lambda part: order.index(part) if part else -1)
    complete = [_complete(part, found[part], where) for part in names]
    _require_memory(complete, where)
    notes = [f"{count_noun(len(others), 'other array')} left out"] if others else []
    notes += [f"images in {part} count as training images" for part in names if is_validation(part)]
    contents = [_content(archive, arrays.images, where) for arrays in complete]
    in_rows = [images if images.ndim == 4 else images[:, :, :, None] for images in contents]
    words = [f"{where}: the images{_of(arrays.part)}" for arrays in complete]
    in_bytes = arrays_in_bytes(in_rows, words)
    parts = zip(complete, in_bytes, strict=True)
    return [_part(archive, arrays, images, where) for arrays, images in parts], notes


def _header(archive: zipfile.ZipFile, info: zipfile.ZipInfo, where: str) -> _Array:
    """Return what the header of an array says, checked against its entry."""
    if info.file_size > (info.compress_size + 1) * MOST_EXPANSION:
        raise DataError(
            f"{where} states {info.file_size} bytes, more than its {info.compress_size} packed ones can "
            "hold. Save it again."
        )
    with explaining_zip(where), archive.open(info) as file:
        version = npy.read_magic(file)
        if version not in ((1, 0), (2, 0)):
            raise DataError(f"{where} is of version {version}. Expected 1.0 or 2.0: save it again.")
        read = npy.read_array_header_1_0 if version == (1, 0) else npy.read_array_header_2_0
        shape, in_fortran_order, dtype = read(file)
        offset = file.tell()
    if dtype.hasobject or dtype.kind not in "biufSU":
        raise DataError(
            f"{where} holds {dtype}, which is not read: objects can run code. Expected numbers or text: "
            "save it with astype(str) or as numbers."
        )
    stated = math.prod(shape) * dtype.itemsize
    if min(shape, default=0) < 0 or stated != info.file_size - offset:
        got = f"{info.file_size - offset} follow"
        raise DataError(f"{where} says {shape} of {dtype} = {stated} bytes, and {got}. Save it again.")
    return _Array(info, shape, dtype, in_fortran_order, offset)


def _require_parts(found: Collection[str], others: Sequence[str], where: str) -> None:
    """Raise unless there are arrays, either of parts or of none."""
    if not found:
        got = ", ".join(map(repr, others[:10])) or "nothing"
        raise DataError(f"{where} holds {got}. Expected {_EXPECTED}: rename the arrays.")
    if "" in found and len(found) > 1:
        part = next(part for part in found if part)
        raise DataError(
            f"{where} holds images or labels of no part beside those of {part!r}. Expected {_EXPECTED}: "
            "remove or rename one."
        )


def _complete(part: str, arrays: Mapping[str, _Array], where: str) -> _Arrays:
    """Return the arrays of a part, as many images as labels."""
    words = _of(part)
    images, labels, groups = (arrays.get(role) for role in ("images", "labels", "groups"))
    if images is None or labels is None:
        missing = "images" if images is None else "labels"
        raise DataError(
            f"{where} holds {next(iter(arrays))}{words} and no {missing}. Expected {_EXPECTED}."
        )
    _require_images(images, f"{where}: the images{words}")
    num_images = images.shape[0]
    for role, array in arrays.items():
        if array.shape[:1] != (num_images,):
            raise DataError(
                f"{where} holds {num_images} images{words} and {role} of shape {array.shape}. Expected "
                "one for each image."
            )
    return _Arrays(part, images, labels, groups)


def _require_images(array: _Array, where: str) -> None:
    shape, expected = array.shape, "Expected (n, height, width), or with 1, 3 or 4 channels at the end"
    if array.dtype.kind not in "biuf":
        raise DataError(f"{where} are {array.dtype}. Expected numbers.")
    if 0 in shape:
        raise DataError(f"{where} have the shape {shape}: nothing to learn from.")
    if len(shape) == 3 or (len(shape) == 4 and shape[3] in _CHANNELS):
        return
    fix = "reshape them"
    if len(shape) == 4 and shape[1] in _CHANNELS:
        fix = "their channels come first: transpose them with images.transpose(0, 2, 3, 1)"
    raise DataError(f"{where} have the shape {shape}. {expected}: {fix}.")


def _require_memory(parts: Sequence[_Arrays], where: str) -> None:
    """Raise unless all arrays, and the images in 8 bits, fit into memory."""
    every = [array for part in parts for array in (part.images, part.labels, part.groups) if array]
    needed = sum(array.info.file_size for array in every)
    needed += sum(math.prod(part.images.shape) for part in parts)
    available = psutil.virtual_memory().available
    if needed > available:
        raise MachineError(
            f"{where} needs {needed} bytes, and {available} bytes of memory are free. End other "
            "programs, or split it into batches."
        )


def _part(archive: zipfile.ZipFile, arrays: _Arrays, images: InBytes, where: str) -> _Part:
    """Read labels and groups of a part."""
    words = _of(arrays.part)
    labels = _words(_content(archive, arrays.labels, where), f"{where}: the labels{words}")
    groups = ("",) * len(labels)
    if arrays.groups is not None:
        groups = _words(_content(archive, arrays.groups, where), f"{where}: the groups{words}")
    bare = {row: "has no label. Fill it in." for row, label in enumerate(labels) if not label}
    name, given = arrays.part or "images", PARTS.get(arrays.part, "")
    return _Part(name, given, images.images, labels, groups, {**images.faults, **bare})


def _of(part: str) -> str:
    return f" of {part}" if part else ""


def _content(archive: zipfile.ZipFile, array: _Array, where: str) -> NDArray[np.generic]:
    """Read an array of the size that its header says."""
    buffer = bytearray(math.prod(array.shape) * array.dtype.itemsize)
    view, filled = memoryview(buffer), 0
    with explaining_zip(where), archive.open(array.info) as file:
        file.read(array.offset)
        # Until the end, where the checksum is looked at.
        while chunk := file.read(_CHUNK_BYTES):
            view[filled : filled + len(chunk)] = chunk
            filled += len(chunk)
    if filled < len(buffer):
        raise DataError(f"{where} ends within {array.info.filename}. Save it again.")
    values: NDArray[np.generic] = np.frombuffer(buffer, array.dtype)
    if array.in_fortran_order:
        return values.reshape(array.shape[::-1]).transpose()
    return values.reshape(array.shape)


def _words(values: NDArray[np.generic], where: str) -> tuple[str, ...]:
    """Return labels or groups as text: names, or digits for integers and one-hot rows."""
    kind = values.dtype.kind
    if values.ndim == 2 and values.shape[1] == 1:
        values = values[:, 0]
    elif values.ndim == 2 and kind in "biuf":
        values, kind = _places_of_ones(values, where), "i"
    if values.ndim != 1:
        raise DataError(f"{where} have the shape {values.shape}. Expected (n,), (n, 1) or one-hot rows.")
    if kind in "SU":
        try:
            words = values.tolist() if kind == "U" else [value.decode() for value in values.tolist()]
        except UnicodeDecodeError as error:
            raise DataError(f"{where} are bytes that are not UTF-8. Save them as text.") from error
        return tuple(class_name(word) for word in words)
    if kind == "f" and not (np.isfinite(values).all() and (values == np.rint(values)).all()):
        raise DataError(f"{where} are floats that are not whole. Expected a class for each image.")
    return tuple(str(int(value)) for value in values.tolist())


def _places_of_ones(rows: NDArray[np.generic], where: str) -> NDArray[np.int64]:
    ones = rows == 1
    if not ((ones | (rows == 0)).all() and (ones.sum(axis=1) == 1).all()):
        raise DataError(
            f"{where} have the shape {rows.shape} and are not one-hot. Expected a single 1 a row."
        )
    places: NDArray[np.int64] = ones.argmax(axis=1).astype(np.int64)
    return places


NPZ = Format("npz", "one .npz file with its arrays", _matches, _listing)
