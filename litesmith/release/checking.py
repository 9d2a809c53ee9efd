"""Checks of a package, with its signature, in a clean process."""

import subprocess
import sys
from collections.abc import Iterable
from pathlib import Path

from litesmith.errors import DataError
from litesmith.records.record import read_record
from litesmith.records.service.release import Manifest, Operator, Operators
from litesmith.release import verify
from litesmith.release.operators import list_operators
from litesmith.release.signing import check_signature

# For answers that take a moment: a hostile model may run for ever.
_LIMIT_S = 60.0
_REFUSED = "refused: "


def check_package(folder: Path, public_key: Path | None = None) -> tuple[Manifest, list[str]]:
    """Check a package, whoever made it.

    No code that lies in it runs. The model runs in a process of its own, which has LiteRT and no
    TensorFlow, under this version of the script that every package holds.

    Args:
        folder: Of the package.
        public_key: That its signature must belong to; None for packages that need none.

    Returns:
        The manifest, and what was checked, a line each.

    Raises:
        DataError: Something is missing, strange or changed, the signature is missing or wrong, or the
            model cannot be run.
    """
    lines = []
    if public_key is not None:
        check_signature(folder, public_key)
        lines.append(f"{verify.SIGNATURE} is right: signed with the key that belongs to {public_key}")
    lines += _check_apart(folder)
    listed = read_record(folder / "operators.json", Operators).operators
    true = list_operators((folder / verify.MODEL).read_bytes())
    if listed != true:
        raise DataError(
            f"{folder}: operators.json lists other operators than {verify.MODEL} has: "
            f"{_words(listed)}, expected {_words(true)}. Get the package again."
        )
    return read_record(folder / verify.MANIFEST, Manifest), lines


def _check_apart(folder: Path) -> list[str]:
    """Run the stand-alone checks in a new process and return its lines."""
    command = [sys.executable, "-I", "-X", "utf8", verify.__file__, str(folder.absolute())]
    try:
        done = subprocess.run(
            command,
            capture_output=True,
            check=False,
            timeout=_LIMIT_S,
            encoding="utf-8",
            errors="replace",
        )
    except subprocess.TimeoutExpired as error:
        raise DataError(
            f"{folder}: {verify.MODEL} had not answered after {_LIMIT_S:.0f} s and was stopped. "
            "Get the package again."
        ) from error
    if done.returncode == 0:
        return done.stdout.splitlines()[:-1]
    _, refused, reason = done.stderr.rpartition(_REFUSED)
    if refused:
        raise DataError(f"{folder}: {reason.strip()}")
    raise DataError(
        f"{folder}: {verify.MODEL} ended the process that ran it (exit code {done.returncode}): "
        f"{done.stderr.strip()[-300:] or 'without a word'}. Get the package again."
    )


def _words(operators: Iterable[Operator]) -> str:
    return ", ".join(
        f"{operator.count} {operator.name!a} ({operator.version})" for operator in operators
    )
