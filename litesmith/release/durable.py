"""Writing that outlives a crash: synced contents, names that appear by one rename.

Every write is a call of `os` of its own, as `Path.rename` is, so that a test can end the process at each
of them.
"""

import os
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from litesmith.files import explaining

PART = ".part"
"""Suffix of what is still being written."""

_NEW = os.O_WRONLY | os.O_CREAT | os.O_TRUNC


def write_durably(path: Path, content: bytes) -> None:
    """Write a file, so that a crash leaves the old or the new one.

    Raises:
        MachineError: The folder cannot be written, or the disk is full. The file is unchanged.
    """
    part = path.with_name(f".{path.name}{PART}")
    with explaining(path):
        make_folder(path.parent)
        _write(part, content)
        part.replace(path)
        sync_folder(path.parent)


def append_line(path: Path, line: str) -> None:
    """Append a line, and first end one that a crash tore.

    Args:
        path: Made if missing.
        line: Without line breaks.

    Raises:
        MachineError: The file cannot be written, or the disk is full.
    """
    with explaining(path):
        make_folder(path.parent)
        with _opened(path, os.O_RDWR | os.O_CREAT | os.O_APPEND) as file:
            size = os.fstat(file).st_size
            is_torn = size > 0 and os.pread(file, 1, size - 1) != b"\n"
            _write_all(file, (b"\n" if is_torn else b"") + line.encode() + b"\n")
            os.fsync(file)
        sync_folder(path.parent)


def copy_folder(source: Path, target: Path) -> None:
    """Copy the files of a folder with those of its folders; links are followed.

    Raises:
        MachineError: A file cannot be read or written, or the disk is full.
    """
    with explaining():
        make_folder(target)
        for path in sorted(source.iterdir()):
            if path.is_dir():
                copy_folder(path, target / path.name)
            else:
                _write(target / path.name, path.read_bytes())
        sync_folder(target)


def rename_durably(source: Path, target: Path) -> None:
    """Rename a file or folder to a name that is free.

    Raises:
        MachineError: A folder cannot be written.
    """
    with explaining(target):
        make_folder(target.parent)
        source.rename(target)
        sync_folder(target.parent)


def remove(path: Path) -> None:
    """Remove a file or a folder, if it is there.

    A folder is renamed first, so that it is there as a whole or not at all.

    Raises:
        MachineError: A folder cannot be written.
    """
    with explaining(path):
        if path.is_dir() and not path.is_symlink():
            part = path.with_name(f".{path.name}{PART}")
            discard(part)
            path.rename(part)
            sync_folder(path.parent)
            path = part
        discard(path)


def discard(path: Path) -> None:
    """Remove what nobody relies on: a file, or a folder from the inside out.

    Raises:
        MachineError: A folder cannot be written.
    """
    with explaining(path):
        if path.is_dir() and not path.is_symlink():
            shutil.rmtree(path)
        else:
            path.unlink(missing_ok=True)
        if path.parent.is_dir():
            sync_folder(path.parent)


def sync_tree(folder: Path) -> None:
    """Let the files in a folder reach the disk, which others wrote.

    Raises:
        MachineError: A file cannot be read.
    """
    with explaining():
        for path in folder.rglob("*"):
            if path.is_file():
                with _opened(path, os.O_RDONLY) as file:
                    os.fsync(file)
        sync_folder(folder)


def make_folder(path: Path) -> None:
    """Make a folder with those above it, where they are missing."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir()
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Let the names in a folder reach the disk."""
    with _opened(path, os.O_RDONLY | os.O_DIRECTORY) as folder:
        os.fsync(folder)


def _write(path: Path, content: bytes) -> None:
    with _opened(path, _NEW) as file:
        _write_all(file, content)
        os.fsync(file)


def _write_all(file: int, content: bytes) -> None:
    while content:
        content = content[os.write(file, content) :]


@contextmanager
def _opened(path: Path, flags: int) -> Iterator[int]:
    file = os.open(path, flags, 0o666)
    try:
        yield file
    finally:
        os.close(file)
