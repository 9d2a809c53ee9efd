"""Files of a source, by name, whatever holds them."""

import os
from abc import ABC, abstractmethod
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from litesmith.data.formats.labelled import Unreadable
from litesmith.errors import MachineError

# What systems and tools leave beside pictures, in lower case; so do hidden names.
_LITTER = {"thumbs.db", "desktop.ini", "__macosx", "@eadir", "lost+found"}
_MAX_DEPTH = 32


class Tree(ABC):
    """Files of a folder or an archive.

    Attributes:
        path: Of the folder or archive.
        files: POSIX paths of the files that may be read, sorted.
        refused: Files that are not read whatever they hold, by name.
    """

    path: Path
    files: tuple[str, ...]
    refused: tuple[Unreadable, ...]

    @abstractmethod
    def size(self, name: str) -> int:
        """Return the bytes of a file, unpacked, as the folder or archive states them."""

    @abstractmethod
    def packed_size(self, name: str) -> int:
        """Return the bytes that a file takes where it lies."""

    @abstractmethod
    def stream(self, name: str) -> IO[bytes]:
        """Open a file for reading.

        Raises:
            OSError: It cannot be opened.
            DataError: Its entry in an archive is damaged.
        """

    def where(self, name: str) -> str:
        """Return what a file is called in messages."""
        return f"{self.path / name}"


class FolderTree(Tree):
    """Files in and below a folder. Links are followed to files within it alone."""

    def __init__(self, path: Path) -> None:
        """List a folder.

        Raises:
            MachineError: It, or a folder below, may not be looked into.
        """
        self.path = path
        self._sizes: dict[str, int] = {}
        refused: list[Unreadable] = []
        for name, size, fault in _walk(path, Path(os.path.realpath(path))):
            if fault:
                refused.append(Unreadable(printable(name), fault))
            else:
                self._sizes[name] = size
        self.files = tuple(sorted(self._sizes))
        self.refused = tuple(sorted(refused, key=lambda item: item.file))

    def size(self, name: str) -> int:
        """Return the bytes of a file as it was listed."""
        return self._sizes[name]

    def packed_size(self, name: str) -> int:
        """Return the same."""
        return self._sizes[name]

    def stream(self, name: str) -> IO[bytes]:
        """Open a file."""
        return (self.path / name).open("rb")


class FileTree(Tree):
    """A single file, as if its folder held nothing else."""

    def __init__(self, path: Path) -> None:
        """Look at a file."""
        self.path, self.files, self.refused = path, (path.name,), ()
        self._size = path.stat().st_size

    def size(self, name: str) -> int:
        """Return the bytes of the file."""
        return self._size

    def packed_size(self, name: str) -> int:
        """Return the bytes of the file."""
        return self._size

    def stream(self, name: str) -> IO[bytes]:
        """Open the file."""
        return self.path.open("rb")

    def where(self, name: str) -> str:
        """Return the file's path."""
        return f"{self.path}"


def is_litter(part: str) -> bool:
    """Return whether a part of a path is hidden, or left by a system."""
    return part.startswith(".") or part.casefold() in _LITTER


def name_fault(name: str) -> str:
    """Return why a path within a source is refused, or nothing."""
    if any(ord(letter) < 32 or ord(letter) == 127 for letter in name):
        return "has a control character in its name. Rename it."
    if any("\ud800" <= letter <= "\udfff" for letter in name):
        return "has a name that is not UTF-8. Rename it."
    if "\\" in name:
        return "has a backslash in its name. Rename it."
    if name.count("/") >= _MAX_DEPTH:
        return f"lies more than {_MAX_DEPTH} folders deep. Move it up."
    return ""


def printable(name: str) -> str:
    """Return a path as one line of UTF-8."""
    text = name.encode("utf-8", "backslashreplace").decode()
    return "".join(letter if letter.isprintable() else repr(letter)[1:-1] for letter in text)


def _walk(root: Path, inside: Path, place: str = "") -> Iterator[tuple[str, int, str]]:
    """Yield name, bytes and fault of whatever is below a folder, litter left out.

    Links may lead to files in the folder ``inside``.
    """
    for entry in _entries(root / place):
        name = f"{place}{entry.name}"
        if is_litter(entry.name):
            continue
        if fault := name_fault(name):
            yield name, 0, fault
        elif entry.is_dir(follow_symlinks=False):
            yield from _walk(root, inside, f"{name}/")
        elif fault := _fault(entry, inside):
            yield name, 0, fault
        else:
            yield name, entry.stat().st_size, ""


def _entries(folder: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(folder) as entries:
            return list(entries)
    except OSError as error:
        raise MachineError(
            f"cannot look into {folder}: {error.strerror}. Change its permissions, or remove it."
        ) from error


def _fault(entry: os.DirEntry[str], root: Path) -> str:
    """Return why an entry that is no folder is not read, or nothing."""
    if not entry.is_symlink():
        is_file = entry.is_file(follow_symlinks=False)
        return "" if is_file else "is a pipe, socket or device. Expected a file."
    target = Path(os.path.realpath(entry.path))
    if not target.is_relative_to(root):
        return "is a link that leads out of the folder. Put the file itself there."
    if target.is_dir():
        return "is a link to a folder. Put the files themselves there."
    return "" if target.is_file() else "is a link to something that is no file. Put a file there."
