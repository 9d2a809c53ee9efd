"""A batch packed into one file, with the original pictures in it.

Tools that version data hash and copy one file in a hundredth of the time that its pictures would take.
"""

import os
import shutil
import zipfile
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import IO

from litesmith.data.formats.labelled import Unreadable
from litesmith.data.formats.registry import open_tree
from litesmith.data.formats.tree import Tree
from litesmith.errors import DataError
from litesmith.files import explaining

# The earliest that a zip archive can state.
_DATE = (1980, 1, 1, 0, 0, 0)
_UNIX = 3
_MODE = 0o100644
_ZIP64_BYTES = 2**31 - 1
_CHUNK_BYTES = 4 * 2**20


@dataclass(frozen=True)
class Packed:
    """A packed batch: its files, its bytes, and what was left out and why."""

    num_files: int
    size_bytes: int
    left_out: tuple[Unreadable, ...]


def packed_suffix(path: Path) -> str:
    """Return the suffix of what `pack` makes, ``.zip`` or ``.npz``."""
    return ".npz" if path.suffix.lower() == ".npz" and path.is_file() else ".zip"


def pack(path: Path, target: Path) -> Packed:
    """Pack a source into one file, in one step.

    A folder becomes a zip archive of its files, stored, by name and with fixed dates: the same files
    give the same bytes. An archive or a ``.npz`` file is copied as it is. Until all is written, the file
    is called ``TARGET.<process>.part``.

    Args:
        path: A folder, or a ``.zip`` or ``.npz`` file, as `litesmith.data.formats.registry` reads it.
        target: The file to make; its suffix is `packed_suffix`.

    Raises:
        DataError: The source is missing or of another kind, a file changed meanwhile, or the target is
            there already.
        MachineError: The source may not be read, or the target not be written.
    """
    part = target.with_name(f"{target.name}.{os.getpid()}.part")
    try:
        with open_tree(path) as tree:
            _require_absent(target)
            with explaining(target):
                target.parent.mkdir(parents=True, exist_ok=True)
                file = part.open("xb")
            with file, explaining(target):
                num_files = _write(path, tree, file)
                file.flush()
                os.fsync(file.fileno())
            packed = Packed(num_files, part.stat().st_size, tree.refused)
        with explaining(target):
            _put(part, target)
    finally:
        with suppress(OSError):
            part.unlink(missing_ok=True)
    return packed


def _write(path: Path, tree: Tree, file: IO[bytes]) -> int:
    """Write a source into an open file, and return the number of its files."""
    if path.is_file():
        with explaining():
            source = path.open("rb")
        with source:
            shutil.copyfileobj(source, file, _CHUNK_BYTES)
        return 1
    with zipfile.ZipFile(file, "w", zipfile.ZIP_STORED) as archive:
        for name in tree.files:
            _add(tree, name, archive)
    return len(tree.files)


def _add(tree: Tree, name: str, archive: zipfile.ZipFile) -> None:
    info, size = zipfile.ZipInfo(name, _DATE), tree.size(name)
    info.create_system, info.external_attr = _UNIX, _MODE << 16
    with explaining():
        source = tree.stream(name)
    with source, archive.open(info, "w", force_zip64=size > _ZIP64_BYTES) as entry:
        shutil.copyfileobj(source, entry, _CHUNK_BYTES)
    if info.file_size != size:
        raise DataError(
            f"{tree.where(name)} had {size} bytes and has {info.file_size}: it is still being written. "
            "Wait until it is whole, and pack again."
        )


def _put(part: Path, target: Path) -> None:
    """Give a file its name, unless another has it."""
    try:
        # Unlike a rename, a link does not replace what somebody else has put there.
        os.link(part, target)
    except FileExistsError:
        _require_absent(target)
    except OSError:  # a file system without links
        _require_absent(target)
        part.rename(target)
    folder = os.open(target.parent, os.O_RDONLY)
    try:
        os.fsync(folder)
    finally:
        os.close(folder)


def _require_absent(target: Path) -> None:
    if os.path.lexists(target):
        raise DataError(f"{target} is there already. Expected a name that is free: choose another.")
