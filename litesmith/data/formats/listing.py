"""What a format finds in a source: samples, and a way to their pixels."""

import io
from abc import ABC, abstractmethod
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from typing import TypeVar

import numpy as np
from numpy.typing import NDArray

from litesmith.data.formats.labelled import Sample, Unreadable, count_noun
from litesmith.data.formats.layout import Layout
from litesmith.data.formats.picture import Decoded, decode_picture
from litesmith.data.formats.pixels import canonical
from litesmith.data.formats.tree import Tree
from litesmith.data.formats.workers import map_in_order
from litesmith.errors import DataError, MachineError
from litesmith.quiet import hushed

Result = TypeVar("Result")
# What is done with each decoded picture. It is pickled for worker processes, and may raise `DataError`.
Use = Callable[[Decoded], Result]

# The largest file of a picture that is read, packed files being unpacked first.
_MAX_FILE_BYTES = 512 * 2**20
# A worker gets so many pictures, or so many bytes of them, at once.
_JOB_PICTURES = 256
_JOB_BYTES = 4 * 2**20
# Fewer bytes and pictures are decoded sooner than workers have begun.
_FEW_PICTURES = 2_000
_FEW_BYTES = 20_000_000


class PixelSource(ABC):
    """The pictures of samples."""

    @abstractmethod
    def each(self, use: Use[Result], num_workers: int) -> Iterator[Result | Unreadable]:
        """Yield, for every sample in order, what ``use`` makes of its picture.

        Raises:
            MachineError: There is too little memory, or a worker process was killed.
        """


@dataclass(frozen=True)
class Listing:
    """Samples of a source, and what was left out.

    ``pixels`` has as many pictures as there are samples.
    """

    samples: tuple[Sample, ...]
    pixels: PixelSource
    unreadable: tuple[Unreadable, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True)
class Format:
    """A form in which labelled images come.

    Attributes:
        name: In records.
        expected: What it looks like, a phrase for messages.
        matches: Whether a source looks like it.
        listing: Lists the samples; raises `DataError` over what cannot be read as a whole.
    """

    name: str
    expected: str
    matches: Callable[[Layout], bool]
    listing: Callable[[Layout], Listing]


class PictureFiles(PixelSource):
    """Picture files in a folder or archive."""

    def __init__(self, tree: Tree, names: Sequence[str]) -> None:
        """Take pictures by their names in a tree."""
        self._tree, self._names = tree, names

    def each(self, use: Use[Result], num_workers: int) -> Iterator[Result | Unreadable]:
        """Decode pictures, in worker processes if there are many."""
        num_bytes = sum(map(self._tree.size, self._names))
        is_little = len(self._names) < _FEW_PICTURES and num_bytes < _FEW_BYTES
        for results in map_in_order(
            partial(_use_pictures, use), self._jobs(), 1 if is_little else num_workers
        ):
            yield from results

    def _jobs(self) -> Iterator[list[tuple[str, bytes | Unreadable]]]:
        """Yield pictures with their content, many at once.

        This process reads all files: an archive need not be opened in each worker then.
        """
        job: list[tuple[str, bytes | Unreadable]] = []
        num_bytes = 0
        for name in self._names:
            size = self._tree.size(name)
            if job and (len(job) >= _JOB_PICTURES or num_bytes + size > _JOB_BYTES):
                yield job
                job, num_bytes = [], 0
            job.append((name, _content(self._tree, name)))
            num_bytes += size
        if job:
            yield job


class ArrayRows(PixelSource):
    """Rows of arrays, uint8 (n, height, width, channels)."""

    def __init__(self, arrays: Sequence[NDArray[np.uint8]], rows: Sequence[NDArray[np.int64]]) -> None:
        """Take some rows, int64 (k,), of each array."""
        self._arrays, self._rows = arrays, rows

    def each(self, use: Use[Result], num_workers: int) -> Iterator[Result | Unreadable]:
        """Use the rows in this process: handing them over would take longer."""
        for array, rows in zip(self._arrays, self._rows, strict=True):
            for row in rows:
                yield _used(use, Decoded(canonical(array[row]), ()), "the image")


def left_out_note(layout: Layout) -> tuple[str, ...]:
    """Return a note about files that lie beside pictures."""
    telling = {*layout.pictures, *layout.tables}
    number = sum(name not in telling for name in layout.names)
    return (f"{count_noun(number, 'other file')} left out",) if number else ()


def _content(tree: Tree, name: str) -> bytes | Unreadable:
    """Return the content of a file that is not too large."""
    size = tree.size(name)
    if size > _MAX_FILE_BYTES:
        limit = f"{_MAX_FILE_BYTES} bytes"
        return Unreadable(name, f"has {size} bytes, more than {limit}. Make it smaller.")
    try:
        with tree.stream(name) as file:
            content = file.read(size + 1)
    except DataError as error:
        return Unreadable(name, _reason(error, tree.where(name)))
    except PermissionError:
        return Unreadable(name, "may not be read by this user. Change its permissions.")
    except MemoryError as error:
        raise MachineError(
            f"{tree.where(name)} does not fit into memory. End other programs."
        ) from error
    except Exception as error:  # zipfile raises many things over a damaged archive
        why = getattr(error, "strerror", None) or str(error) or type(error).__name__
        return Unreadable(name, f"cannot be read: {why}. Get it again.")
    if len(content) != size:
        expected = f"expected {size} bytes, got {'more' if len(content) > size else len(content)}"
        return Unreadable(name, f"is not whole: {expected}. Get it again.")
    return content


def _use_pictures(
    use: Use[Result], pictures: Sequence[tuple[str, bytes | Unreadable]]
) -> list[Result | Unreadable]:
    """Decode and use pictures; this runs in worker processes."""
    with hushed():  # libtiff and others write of every damage to the terminal
        return [
            content if isinstance(content, Unreadable) else _use_picture(use, name, content)
            for name, content in pictures
        ]


def _use_picture(use: Use[Result], name: str, content: bytes) -> Result | Unreadable:
    try:
        return _used(use, decode_picture(io.BytesIO(content), name), name)
    except DataError as error:
        return Unreadable(name, _reason(error, name))
    except MemoryError as error:
        raise MachineError(
            f"{name} does not fit into this machine's memory: {error}. End other programs, lower the "
            "number of workers, or make it smaller."
        ) from error


def _used(use: Use[Result], decoded: Decoded, name: str) -> Result | Unreadable:
    try:
        return use(decoded)
    except DataError as error:
        return Unreadable(name, _reason(error, name))


def _reason(error: DataError, name: str) -> str:
    return str(error).removeprefix(name).removeprefix("the picture").lstrip()
