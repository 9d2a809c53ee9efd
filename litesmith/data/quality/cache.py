"""What was computed before, kept by what decides it.

An entry is found by its key or computed; it never changes a result. One that cannot be read is computed
again. One that is used is touched, so that old ones can be told and removed.
"""

import hashlib
import zipfile
from collections.abc import Callable, Iterator
from dataclasses import fields, is_dataclass
from pathlib import Path
from typing import TypeVar, get_type_hints

import numpy as np
from numpy.typing import NDArray

from litesmith.files import replacing

Entry = TypeVar("Entry")
Arrays = dict[str, NDArray[np.generic]]


class Cache:
    """A folder of entries, or none."""

    def __init__(self, folder: Path | None = None) -> None:
        self._folder = folder

    def get(self, kind: type[Entry], key: str, make: Callable[[], Entry]) -> Entry:
        """Return the entry with this key, computed if it is not there.

        It is a frozen dataclass of arrays, texts, tuples of texts, numbers and such dataclasses.

        Raises:
            MachineError: The entry cannot be written.
        """
        if self._folder is None:
            return make()
        path = self._folder / f"{kind.__name__.lower()}-{key}.npz"
        try:
            with np.load(path, allow_pickle=False) as arrays:
                entry = from_arrays(kind, dict(arrays))
            path.touch()
            return entry
        except (OSError, ValueError, KeyError, EOFError, zipfile.BadZipFile):
            entry = make()
        with replacing(path) as part, part.open("wb") as file:
            np.savez(file, allow_pickle=False, **to_arrays(entry))
        return entry


def chain(*parts: str | bytes | NDArray[np.generic]) -> str:
    """Return a digest, 32 hex digits, of parts and of their bounds."""
    digest = hashlib.blake2b(digest_size=16)
    for part in parts:
        if isinstance(part, np.ndarray):
            digest.update(f"{part.dtype.str} {part.shape} ".encode())
            digest.update(np.ascontiguousarray(part).data)
        else:
            content = part.encode("utf-8", "surrogatepass") if isinstance(part, str) else part
            digest.update(f"{len(content)} ".encode())
            digest.update(content)
    return digest.hexdigest()


def code_digest() -> str:
    """Return a digest of the modules beside this one, which decide every entry."""
    paths = sorted(Path(__file__).parent.glob("*.py"))
    return chain(*(content for path in paths for content in (path.name, path.read_bytes())))


def to_arrays(entry: object, prefix: str = "") -> Arrays:
    """Return a dataclass as arrays; those of dataclasses in it have dotted names."""
    arrays: Arrays = {}
    for name, value in _values(entry):
        if is_dataclass(value):
            arrays |= to_arrays(value, f"{prefix}{name}.")
        else:
            arrays[prefix + name] = np.asarray(value)
    return arrays


def from_arrays(kind: type[Entry], arrays: Arrays, prefix: str = "") -> Entry:
    """Return what `to_arrays` took apart.

    Raises:
        KeyError: A field is missing.
    """
    hints = get_type_hints(kind)
    values: dict[str, object] = {}
    for name, hint in hints.items():
        if is_dataclass(hint) and isinstance(hint, type):
            values[name] = from_arrays(hint, arrays, f"{prefix}{name}.")
        else:
            array = arrays[prefix + name]
            is_array = getattr(hint, "__origin__", hint) is np.ndarray
            values[name] = array if is_array else _plain(array)
    return kind(**values)


def _values(entry: object) -> Iterator[tuple[str, object]]:
    assert is_dataclass(entry)
    for field in fields(entry):
        yield field.name, getattr(entry, field.name)


def _plain(array: NDArray[np.generic]) -> object:
    """Return a number or text, or texts as a tuple."""
    return array.item() if array.ndim == 0 else tuple(array.tolist())
