"""All formats of labelled images, told from what a source holds."""

import zipfile
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from functools import partial
from pathlib import Path

import numpy as np
import psutil
from numpy.typing import NDArray

from litesmith.data.formats.archive import ZipTree, open_zip
from litesmith.data.formats.folders import FOLDERS
from litesmith.data.formats.idx import IDX
from litesmith.data.formats.labelled import Labelled, Sample, Unreadable, count_noun
from litesmith.data.formats.layout import Layout, find_layout
from litesmith.data.formats.listing import Format, Listing
from litesmith.data.formats.npz import NPZ
from litesmith.data.formats.picture import Decoded
from litesmith.data.formats.table import TABLE
from litesmith.data.formats.tree import FileTree, FolderTree, Tree
from litesmith.errors import DataError, MachineError
from litesmith.params.sections.dataset import ImageForm

FORMATS: tuple[Format, ...] = (FOLDERS, TABLE, NPZ, IDX)

_ZIP_MARKS = (b"PK\x03\x04", b"PK\x05\x06")


@dataclass(frozen=True)
class Source:
    """An open source: its files, the format they have, and what it lists."""

    tree: Tree
    format: Format
    listing: Listing


@dataclass(frozen=True)
class _Image:
    """An image in the declared form, with its digest before it was fitted."""

    pixels: NDArray[np.uint8]
    digest: str
    changes: tuple[str, ...]


def read_source(path: Path, form: ImageForm, *, num_workers: int = 1) -> Labelled:
    """Read all labelled images of a source.

    A picture that cannot be read is a row with its reason, not an end. The result does not depend on the
    number of workers.

    Args:
        path: A folder, or a ``.zip`` or ``.npz`` file.
        form: Height, width, channels, and how pictures come to them.
        num_workers: Processes that decode many pictures; `litesmith.data.formats.workers` spawns them.

    Returns:
        The images, uint8 (n, height, width, channels), in the order of files, and what belongs to them.

    Raises:
        DataError: The source is missing, in no form that is known or in several, damaged as a whole, or
            holds nothing.
        MachineError: It may not be read, or does not fit into the memory that is free.
    """
    with open_source(path) as source:
        samples = source.listing.samples
        images = _space(len(samples), form, path)
        kept: list[Sample] = []
        digests: list[str] = []
        changes: Counter[str] = Counter()
        unreadable = [*source.tree.refused, *source.listing.unreadable]
        results = source.listing.pixels.each(partial(_in_form, form), num_workers)
        for sample, result in zip(samples, results, strict=True):
            if isinstance(result, Unreadable):
                unreadable.append(Unreadable(sample.file, result.reason))
                continue
            images[len(kept)] = result.pixels
            kept.append(sample)
            digests.append(result.digest)
            changes.update(result.changes)
    told = (f"{count_noun(number, 'picture')}: {what}" for what, number in sorted(changes.items()))
    return Labelled(
        images[: len(kept)],
        tuple(sample.label for sample in kept),
        tuple(sample.file for sample in kept),
        tuple(sample.group for sample in kept),
        tuple(sample.given for sample in kept),
        tuple(digests),
        _by_file(unreadable),
        source.format.name,
        (*source.listing.notes, *told),
    )


@contextmanager
def open_source(path: Path) -> Iterator[Source]:
    """Open a source for a block and list what it holds.

    Raises:
        DataError: It is missing, in no form that is known or in several, damaged as a whole, or holds
            nothing.
        MachineError: It may not be read, or does not fit into the memory that is free.
    """
    with open_tree(path) as tree:
        layout = find_layout(tree)
        form = _format(layout)
        listing = form.listing(layout)
        if not listing.samples and not listing.unreadable:
            raise DataError(f"{path} holds no image with a label. {_expected()}")
        yield Source(tree, form, listing)


@contextmanager
def open_tree(path: Path) -> Iterator[Tree]:
    """Open a folder, ``.zip`` or ``.npz`` for a block, whatever it holds.

    Raises:
        DataError: It is missing, or neither a folder nor such a file.
        MachineError: It may not be read.
    """
    if path.is_dir():
        yield FolderTree(path)
        return
    if not path.is_file():
        state = "is no ordinary file" if path.exists() else "is missing"
        raise DataError(f"{path} {state}. {_expected()}")
    try:
        with path.open("rb") as file:
            mark = file.read(4)
    except OSError as error:
        raise MachineError(f"cannot read {path}: {error.strerror}. Change its permissions.") from error
    if mark not in _ZIP_MARKS:
        raise DataError(
            f"{path} is no zip archive and no .npz file: it begins with {mark!r}. {_expected()}"
        )
    with open_zip(path) as archive:
        if _holds_arrays(archive):
            yield FileTree(path)
        else:
            yield ZipTree(path, archive)


def _holds_arrays(archive: zipfile.ZipFile) -> bool:
    names = [name for name in archive.namelist() if not name.endswith("/")]
    return bool(names) and all(name.endswith(".npy") and "/" not in name for name in names)


def _format(layout: Layout) -> Format:
    """Return the one format that a source has."""
    matching = [form for form in FORMATS if form.matches(layout)]
    if len(matching) == 1:
        return matching[0]
    path = layout.tree.path
    if matching:
        kinds = " and ".join(form.expected for form in matching)
        raise DataError(f"{path} holds {kinds}. Expected one of them: move the others away.")
    raise DataError(f"{path} holds {_found(layout)}. {_expected()}")


def _found(layout: Layout) -> str:
    """Say what a source of no known format holds."""
    if layout.pictures:
        suffixes = sorted({Path(name).suffix.lower() or "no suffix" for name in layout.pictures})
        kinds = f"{count_noun(len(layout.pictures), 'file')} ({', '.join(suffixes[:5])})"
        inner = next(
            (name for name in layout.pictures if name.casefold().endswith((".zip", ".tar"))), ""
        )
        hint = f": name {inner} itself, or unpack it" if inner else ""
        return f"{kinds} in no class's folder and in no table{hint}"
    if layout.names:
        return f"{count_noun(len(layout.names), 'file')}, and no picture among them"
    refused = len(layout.tree.refused)
    return f"nothing but {count_noun(refused, 'file')} that must not be read" if refused else "no file"


def _expected() -> str:
    return (
        f"Expected one of: {'; '.join(form.expected for form in FORMATS)}; each in a folder or a .zip."
    )


def _space(num_images: int, form: ImageForm, path: Path) -> NDArray[np.uint8]:
    """Return space for images, if it is free."""
    shape = (num_images, form.height, form.width, form.channels)
    needed, available = int(np.prod(shape, dtype=np.int64)), psutil.virtual_memory().available
    if needed > available:
        raise MachineError(
            f"{path} holds {num_images:,} images, which take {needed} bytes as {form.height} x "
            f"{form.width} x {form.channels}, and {available} bytes of memory are free. End other "
            "programs, or choose a smaller height and width."
        )
    return np.empty(shape, np.uint8)


def _in_form(form: ImageForm, decoded: Decoded) -> _Image:
    """Bring a picture to a form; this runs in worker processes."""
    return _Image(decoded.pixels.in_form(form), decoded.pixels.digest(), decoded.changes)


def _by_file(unreadable: Sequence[Unreadable]) -> tuple[Unreadable, ...]:
    return tuple(sorted(set(unreadable), key=lambda item: (item.file, item.reason)))
