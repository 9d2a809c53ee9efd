"""Batches of labelled images in a folder that grows, and whether they stand still."""

import hashlib
import os
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path

from litesmith.files import explaining

BASE = "base"
PART = ".part"
_ARCHIVES = (".zip", ".npz")
_CHUNK_BYTES = 1 << 20
_DIGEST_BYTES = 16

# Path, bytes, time of the last change and inode of each file of a batch.
Stand = tuple[tuple[str, int, int, int], ...]


@dataclass(frozen=True)
class Batch:
    """A batch as it lies in a folder.

    Attributes:
        name: Of its folder, or of its file without the suffix; with it if another batch has the name.
        path: A folder, or a ``.zip`` or ``.npz`` file.
        kind: ``folder``, ``zip`` or ``npz``.
        digest: Of its kind, names and bytes, 32 hex digits.
        stand: Of its files when the digest was computed.
        fault: Why it cannot be a batch; empty if it can.
    """

    name: str
    path: Path
    kind: str
    digest: str
    stand: Stand = field(repr=False)
    fault: str = ""

    @property
    def is_changed(self) -> bool:
        """Whether its files are others than those that the digest is of."""
        return _stand(self.path) != self.stand


def is_batch(path: Path) -> bool:
    """Tell whether a file or folder may be a batch.

    Hidden names and those in ``.part``, which are still being written, are none; nor are links.
    """
    if path.name.startswith(".") or path.name.endswith(PART) or path.is_symlink():
        return False
    return path.is_dir() or (path.is_file() and path.suffix.lower() in _ARCHIVES)


def batch_name(path: Path) -> str:
    """Return the name of the batch that a folder or file is."""
    return path.name if path.is_dir() else path.stem


def batch_paths(folder: Path) -> list[Path]:
    """Return what may be a batch in a folder, by name.

    Raises:
        MachineError: The folder may not be read.
    """
    if not folder.is_dir():
        return []
    with explaining():
        return sorted(filter(is_batch, folder.iterdir()), key=lambda path: (batch_name(path), path.name))


def find_batches(folder: Path) -> tuple[Batch, ...]:
    """Return the batches in a folder, by name.

    What changes or vanishes meanwhile is not among them.

    Raises:
        MachineError: The folder or a file may not be read.
    """
    paths = batch_paths(folder)
    names = Counter(map(batch_name, paths))
    batches = []
    for path in paths:
        with suppress(FileNotFoundError):
            batch = _batch(path, names[batch_name(path)] > 1)
            if not batch.is_changed:
                batches.append(batch)
    return tuple(batches)


def base_batch(path: Path) -> Batch:
    """Return a base as what comes before any batch.

    Raises:
        MachineError: A file may not be read.
    """
    before = _stand(path)
    return Batch(BASE, path, _kind(path), content_digest(path), before)


def content_digest(path: Path) -> str:
    """Return a digest of a batch's kind, names and bytes, 32 hex digits.

    Raises:
        MachineError: A file may not be read.
    """
    digest = hashlib.blake2b(_kind(path).encode(), digest_size=_DIGEST_BYTES)
    with explaining():
        for file in _files(path):
            name = os.fsencode(file.relative_to(path).as_posix())
            digest.update(len(name).to_bytes(8, "big") + name)
            with file.open("rb") as stream:
                digest.update(os.fstat(stream.fileno()).st_size.to_bytes(8, "big"))
                while chunk := stream.read(_CHUNK_BYTES):
                    digest.update(chunk)
    return digest.hexdigest()


def _batch(path: Path, is_shared: bool) -> Batch:
    name, fault = batch_name(path), ""
    if is_shared:
        fault = f"is not the only batch of the name {name}. Give it another."
        name = path.name
    elif name == BASE:
        fault = f"is called {BASE}, as what is there before any batch. Give it another name."
    elif not name.isprintable():
        fault = "has a name that cannot be shown. Give it another."
    before = _stand(path)
    return Batch(_shown(name), path, _kind(path), content_digest(path), before, fault)


def _stand(path: Path) -> Stand:
    """Return by what to see that files have changed; empty if they are gone."""
    try:
        files = [(file.relative_to(path).as_posix(), file.stat()) for file in _files(path)]
    except FileNotFoundError:
        return ()
    return tuple((name, state.st_size, state.st_mtime_ns, state.st_ino) for name, state in files)


def _shown(name: str) -> str:
    return name if name.isprintable() and name != BASE else ascii(name)


def _kind(path: Path) -> str:
    return "folder" if path.is_dir() else path.suffix.lower().removeprefix(".")


def _files(path: Path) -> Iterator[Path]:
    """Yield the regular files of a batch that are whole, by name."""
    if not path.is_dir():
        yield path
        return
    for folder, folders, names in os.walk(path, onerror=_raise):
        folders.sort()
        for name in sorted(names):
            file = Path(folder) / name
            if not name.endswith(PART) and file.is_file():
                yield file


def _raise(error: OSError) -> None:
    raise error
