"""Zip archives as sources, with what hostile ones may hold."""

import errno
import stat
import struct
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO, BinaryIO

import psutil

from litesmith.data.formats.labelled import Unreadable
from litesmith.data.formats.tree import Tree, is_litter, name_fault, printable
from litesmith.errors import DataError, MachineError

# Deflate packs at most so many bytes into one (https://zlib.net/zlib_tech.html).
MOST_EXPANSION = 1032
_METHODS = {zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED}
_ENCRYPTED = 0x1
# What a damaged archive makes its readers raise.
_DAMAGES = (
    zipfile.BadZipFile,
    zlib.error,
    EOFError,
    struct.error,
    NotImplementedError,
    RuntimeError,
    ValueError,
    OverflowError,
)
# The end of an archive with its longest comment, where the size of the list of entries stands.
_END_BYTES = 22 + 65_535
_END_MARK = b"PK\x05\x06"
# What an entry takes in memory, for each byte of its line in the archive's list.
_MEMORY_FACTOR = 12


class ZipTree(Tree):
    """Files in a zip archive."""

    def __init__(self, path: Path, archive: zipfile.ZipFile) -> None:
        """List an archive.

        Raises:
            DataError: Its entries overlap.
        """
        self.path, self._archive = path, archive
        entries = _entries(archive)
        if sum(info.compress_size for _, info in entries) > path.stat().st_size:
            raise DataError(
                f"{path} states more packed bytes than it has: its entries overlap, or it was cut "
                "short. Pack it again."
            )
        counts = Counter(name for name, _ in entries)
        faults = {name: _entry_fault(name, info, counts[name]) for name, info in entries}
        self._infos = {name: info for name, info in entries if not faults[name]}
        self.files = tuple(sorted(self._infos))
        self.refused = tuple(
            Unreadable(printable(name), fault) for name, fault in sorted(faults.items()) if fault
        )

    def size(self, name: str) -> int:
        """Return the unpacked bytes that an entry states."""
        return self._infos[name].file_size

    def packed_size(self, name: str) -> int:
        """Return the packed bytes that an entry states."""
        return self._infos[name].compress_size

    def stream(self, name: str) -> IO[bytes]:
        """Open an entry; no more is unpacked than it states."""
        archive = self._archive
        with explaining_zip(self.where(name)):
            return archive.open(self._infos[name])


@contextmanager
def open_zip(path: Path) -> Iterator[zipfile.ZipFile]:
    """Open an archive for a block.

    Raises:
        DataError: It is no zip archive, or a damaged one.
        MachineError: It may not be read, or its list of entries does not fit into memory.
    """
    try:
        with path.open("rb") as file:
            _require_list_fits(path, file)
            with explaining_zip(str(path)):
                archive = zipfile.ZipFile(file)
            with archive:
                yield archive
    except PermissionError as error:
        raise MachineError(f"cannot read {path}: this user may not. Change its permissions.") from error


@contextmanager
def explaining_zip(name: str) -> Iterator[None]:
    """Turn what damaged archives raise into `DataError`."""
    try:
        yield
    except _DAMAGES as error:
        raise _unsound(name, error) from error
    except OSError as error:
        # a place before the beginning or behind the end, or a disk that cannot read
        if error.errno not in (errno.EINVAL, errno.EIO):
            raise
        raise _unsound(name, error) from error


def _unsound(name: str, error: Exception) -> DataError:
    why = str(error) or type(error).__name__
    return DataError(f"{name} is not sound: {why}. Pack it again, or get it again.")


def _entries(archive: zipfile.ZipFile) -> list[tuple[str, zipfile.ZipInfo]]:
    """Return the entries for files with their whole names, litter left out."""
    infos = archive.infolist()
    names = [info.orig_filename.removeprefix("./") for info in infos]
    if not any("/" in name for name in names):
        # So do old tools on Windows write folders.
        names = [name.replace("\\", "/") for name in names]
    return [
        (name, info)
        for name, info in zip(names, infos, strict=True)
        if not name.endswith("/")
        and not any(part != ".." and is_litter(part) for part in name.split("/"))
    ]


def _entry_fault(name: str, info: zipfile.ZipInfo, num_entries: int) -> str:
    """Return why an entry is refused, or nothing."""
    parts, mode = name.split("/"), info.external_attr >> 16
    if name.startswith("/") or ".." in parts or (len(name) > 1 and name[1] == ":"):
        return "leads out of the archive. Pack it again with names that do not."
    if fault := name_fault(name) or ("" if all(parts) else "has an empty part in its name. Rename it."):
        return fault
    if stat.S_IFMT(mode) not in (0, stat.S_IFREG):
        return "is a link or device in the archive. Pack the file itself."
    if info.flag_bits & _ENCRYPTED:
        return "is encrypted. Pack it without a password."
    if num_entries > 1:
        return f"stands {num_entries} times in the archive. Pack it once."
    if info.compress_type not in _METHODS:
        return "is packed in another way than stored or deflated. Pack the archive again."
    if info.file_size > (info.compress_size + 1) * MOST_EXPANSION:
        return (
            f"states {info.file_size} bytes, more than its {info.compress_size} packed ones can hold. "
            "Pack it again."
        )
    return ""


def _require_list_fits(path: Path, file: BinaryIO) -> None:
    """Raise if the list of entries does not fit into memory."""
    size = file.seek(0, 2)
    file.seek(max(0, size - _END_BYTES))
    end = file.read()
    place = end.rfind(_END_MARK)
    file.seek(0)
    if place < 0 or len(end) < place + 22:
        raise DataError(f"{path} is not a zip archive, or was cut short. Get it again.")
    # 0xffffffff: too long for this field, so it stands elsewhere, and the file bounds it.
    stated = min(int.from_bytes(end[place + 12 : place + 16], "little"), size)
    available = psutil.virtual_memory().available
    if stated * _MEMORY_FACTOR > available:
        raise MachineError(
            f"{path} lists its entries in {stated} bytes, and {available} bytes of memory are free. End "
            "other programs, or split it."
        )
