"""Write files so that nobody ever sees half of one."""

import errno
import json
import os
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from litesmith.errors import MachineError

_REASONS = {
    errno.ENOSPC: "the disk is full: free some space and run again",
    errno.EDQUOT: "the disk quota is used up: free some space and run again",
    errno.EACCES: "it or its folder may not be written by this user: change the permissions",
    errno.EPERM: "it or its folder may not be written by this user: change the permissions",
    errno.EROFS: "the file system is mounted read-only: mount it writable or use another folder",
}


@contextmanager
def explaining(path: Path | None = None) -> Iterator[None]:
    """Turn an error of a file system that cannot be written into one that says what can be done.

    Args:
        path: What is being written; None for whatever file the system names, which may have been read.

    Raises:
        MachineError: A folder cannot be written, a file not read, or the disk is full; no file is left half-written.
    """
    try:
        yield
    except OSError as error:
        if error.errno not in _REASONS:
            raise
        what = path or error.filename or "a file"
        if path is None and Path(what).exists() and not os.access(what, os.R_OK):
            raise MachineError(f"cannot read {what}: this user may not. Change its permissions.") from error
        raise MachineError(f"cannot write {what}: {_REASONS[error.errno]}. No file is left half-written.") from error


@contextmanager
def replacing(path: Path) -> Iterator[Path]:
    """Hand out a name beside ``path`` to write to, then rename it into place.

    Args:
        path: The file to make or replace. Its folder is made if missing.

    Yields:
        A path in the same folder with the same suffix, so that writers which look at suffixes behave.

    Raises:
        MachineError: The folder cannot be written or the disk is full. ``path`` keeps what it held.
    """
    part = path.with_name(f".{path.stem}.part{os.getpid()}{path.suffix}")
    try:
        with explaining(path):
            path.parent.mkdir(parents=True, exist_ok=True)
            yield part
            part.replace(path)
    finally:
        with suppress(OSError):  # a folder that cannot be entered holds no part either
            part.unlink(missing_ok=True)


def write_bytes(path: Path, content: bytes) -> None:
    """Write ``content`` to ``path`` in one step, as `replacing` does."""
    with replacing(path) as part:
        part.write_bytes(content)


def write_text(path: Path, content: str) -> None:
    """Write ``content`` to ``path`` in one step as UTF-8, as `replacing` does."""
    write_bytes(path, content.encode())


def write_json(path: Path, content: Any) -> None:
    """Write ``content`` to ``path`` in one step as indented JSON with a final newline.

    Raises:
        ValueError: ``content`` holds a NaN or an infinity, which JSON has no word for.
    """
    write_text(path, json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n")


def read_json(path: Path) -> Any:
    """Return what the JSON file at ``path`` holds."""
    return json.loads(path.read_text())
