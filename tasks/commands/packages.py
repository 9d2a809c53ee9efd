"""The commands that check and export packages, and make keys."""

import os
from pathlib import Path

from litesmith.errors import DataError, ParamsError
from tasks import catalog

# Of the environment: files that stand for those in `catalog.KEYS`.
SIGNING_KEY, PUBLIC_KEY = "LITESMITH_SIGNING_KEY", "LITESMITH_PUBLIC_KEY"


def verify_package(root: Path, package: Path, key: Path | None = None, unsigned: bool = False) -> str:
    """Check a package, and return what was checked.

    Args:
        root: Folder of the project.
        package: Folder of the package.
        key: Public key that it must be signed with; None for the configured one, if any.
        unsigned: Whether to check the files alone, with no key at all.

    Raises:
        DataError: The package is not as it was made.
        ParamsError: The configured key is missing.
    """
    from litesmith.release.checking import check_package

    chosen = None if unsigned else key or configured_key(root, PUBLIC_KEY, catalog.PUBLIC_KEY)
    manifest, lines = check_package(package, chosen)
    if chosen is None:
        why = "as asked for" if unsigned else "no public key is configured or given with --key"
        lines.append(f"signature not checked: {why}")
    what = f"{manifest.dataset} on {manifest.device}, decision: {manifest.decision}"
    return "\n".join([f"{package}: {what}", *lines, "good: the package is as it was made"])


def export_package(package: Path, file: Path) -> str:
    """Write a package's model as a C array, and return a text.

    Raises:
        DataError: The package is not as it was made.
        MachineError: The file cannot be written.
    """
    from litesmith.files import write_text
    from litesmith.records.record import read_record
    from litesmith.records.service.release import Operators
    from litesmith.release.c_array import render_c_array
    from litesmith.release.checking import check_package
    from litesmith.release.verify import FORM, MODEL
    from litesmith.tflite.metadata import parse_metadata

    manifest, _ = check_package(package)
    if file.is_dir():
        raise DataError(f"{file} is a folder, and the name of a C header was expected.")
    model, operators = (package / MODEL).read_bytes(), read_record(package / "operators.json", Operators)
    header = render_c_array(model, parse_metadata(package / FORM), manifest, operators)
    write_text(file, header)
    arena = operators.arena
    needs = (
        f"an arena of {arena.recommended_bytes:,} bytes" if arena else "an arena that was not measured"
    )
    kinds = ", ".join(sorted({operator.name for operator in operators.operators}))
    return f"{file}: {len(model):,} bytes of model, {needs}, operators {kinds}"


def make_key_pair(root: Path) -> str:
    """Make the keys that promotion signs with, and return where they lie.

    Raises:
        MachineError: There are keys already, or they cannot be written.
    """
    from litesmith.release.signing import make_keys

    make_keys(root / catalog.SIGNING_KEY, root / catalog.PUBLIC_KEY)
    return (
        f"{catalog.SIGNING_KEY}: keep it to yourself; promotion signs with it\n"
        f"{catalog.PUBLIC_KEY}: give it to whoever checks packages (`python -m tasks verify PACKAGE "
        f"--key FILE`); from now on `verify` here asks for its signature"
    )


def configured_key(root: Path, variable: str, path: Path) -> Path | None:
    """Return the key of the environment, or the project's, if any.

    Args:
        root: Folder of the project.
        variable: `SIGNING_KEY` or `PUBLIC_KEY`.
        path: The project's own, `catalog.SIGNING_KEY` or `catalog.PUBLIC_KEY`.

    Raises:
        ParamsError: The variable names a file that is not there.
    """
    if named := os.environ.get(variable):
        if not Path(named).is_file():
            raise ParamsError(f"{variable} names {named}, which is no file. Correct or unset it.")
        return Path(named)
    return root / path if (root / path).is_file() else None
