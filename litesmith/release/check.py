"""The check of a package against its own manifest."""

import hashlib
from pathlib import Path

from litesmith.errors import DataError
from litesmith.records.record import read_record
from litesmith.records.service.release import Manifest

MANIFEST = "manifest.json"


def check_files(folder: Path) -> Manifest:
    """Check that a package has every file as its manifest lists it.

    Raises:
        DataError: A file is missing, or is not as the manifest says.
    """
    try:
        manifest = read_record(folder / MANIFEST, Manifest)
    except FileNotFoundError as error:
        raise DataError(f"{folder} holds no {MANIFEST}, so it is no package. Restore it.") from error
    for name, file in manifest.files.items():
        path = folder / name
        if not path.is_file():
            raise DataError(f"{path} is missing, which the package's manifest lists. Restore it.")
        content = path.read_bytes()
        if (digest := hashlib.sha256(content).hexdigest()) != file.sha256:
            raise DataError(
                f"{path} has the SHA-256 {digest} and {len(content)} bytes; the package's manifest says "
                f"{file.sha256} and {file.bytes}. Restore the package."
            )
    return manifest
