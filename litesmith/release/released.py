"""The package in service, as a step reads it: from the pointer."""

import hashlib
from dataclasses import dataclass
from pathlib import Path

from litesmith.errors import DataError
from litesmith.records.record import parse_record
from litesmith.records.service.release import Manifest
from litesmith.release.check import MANIFEST
from litesmith.release.pointers import Key, read_pointers


@dataclass(frozen=True)
class ReleasedPackage:
    """A package that is in service, with its manifest."""

    version: str
    folder: Path
    manifest: Manifest

    def read(self, name: str) -> bytes:
        """Return the content of a file, which is as the manifest lists it.

        Raises:
            DataError: It is not listed, missing or another one.
        """
        listed, path = self.manifest.files.get(name), self.folder / name
        if listed is None or not path.is_file():
            raise DataError(f"{path} is missing, which is in service. {_restore(self.folder)}")
        content = path.read_bytes()
        if hashlib.sha256(content).hexdigest() != listed.sha256:
            raise DataError(f"{path} is not what is in service. {_restore(self.folder)}")
        return content


def find_released(pointers: Path, packages: Path, key: Key) -> ReleasedPackage | None:
    """Return the package in service; None before the first.

    Args:
        pointers: The registry's pointer file.
        packages: Where its packages lie.
        key: The data set and the device.

    Raises:
        DataError: The pointer file cannot be read, or the package is missing or another one.
    """
    pointer = read_pointers(pointers).in_service.get(str(key))
    if pointer is None:
        return None
    folder = packages / pointer.version
    path = folder / MANIFEST
    if not path.is_file():
        raise DataError(f"{path} is missing, which is in service. {_restore(folder)}")
    content = path.read_bytes()
    if hashlib.sha256(content).hexdigest() != pointer.manifest_sha256:
        raise DataError(f"{path} is not what {pointers} points to. {_restore(folder)}")
    return ReleasedPackage(pointer.version, folder, parse_record(content, Manifest, path.as_posix()))


def _restore(package: Path) -> str:
    return (
        f"In the project, `dvc pull {package}.dvc` gets it; `python -m tasks rollback` leads to another "
        "version."
    )
