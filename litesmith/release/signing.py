"""Signatures of packages with Ed25519 keys.

The bytes of the manifest are signed. It lists the SHA-256 of every file, so one signature holds for all
of them. That is 64 raw bytes in ``manifest.sig``. Keys are PEM files, so ``openssl`` checks it too::

    openssl pkeyutl -verify -pubin -inkey KEY -rawin -in manifest.json -sigfile manifest.sig

Source: https://www.rfc-editor.org/rfc/rfc8032
"""

import os
from pathlib import Path

from cryptography.exceptions import InvalidSignature, UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from litesmith.errors import DataError, MachineError
from litesmith.files import explaining, write_bytes
from litesmith.release.verify import (
    MANIFEST,
    MAX_MANIFEST_BYTES,
    SIGNATURE,
    PackageError,
    read_limited,
)

_MAX_KEY_BYTES = 2**14


def make_keys(private: Path, public: Path) -> None:
    """Write a new pair of keys as PEM.

    The private one may be read by its owner alone.

    Raises:
        MachineError: One of the files is there already, or cannot be written.
    """
    for path in (private, public):
        if path.exists() or path.is_symlink():
            raise MachineError(
                f"{path} is there already, and what it signed could no longer be checked without it. "
                "Move both keys away if you want new ones."
            )
    key = Ed25519PrivateKey.generate()
    content = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    with explaining(private):
        private.parent.mkdir(parents=True, exist_ok=True)
        with os.fdopen(os.open(private, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
    write_bytes(public, _public_pem(key.public_key()))


def sign(package: Path, key: Path) -> None:
    """Write the signature of a package's manifest beside it.

    Args:
        package: Folder of the package.
        key: A private Ed25519 key in PEM, without a password.

    Raises:
        DataError: The manifest is missing, or the key is none.
        MachineError: The signature cannot be written.
    """
    try:
        private = serialization.load_pem_private_key(_read_key(key), password=None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise _no_key(key, "private", str(error)) from error
    if not isinstance(private, Ed25519PrivateKey):
        raise _no_key(key, "private", f"it is a {type(private).__name__}")
    write_bytes(package / SIGNATURE, private.sign(_manifest(package)))


def check_signature(package: Path, public_key: Path) -> None:
    """Check a signature against a public key.

    Args:
        package: Folder of the package.
        public_key: A public Ed25519 key in PEM.

    Raises:
        DataError: There is no signature, it is of another manifest or key, or the key is none.
    """
    try:
        key = serialization.load_pem_public_key(_read_key(public_key))
    except (ValueError, UnsupportedAlgorithm) as error:
        raise _no_key(public_key, "public", str(error)) from error
    if not isinstance(key, Ed25519PublicKey):
        raise _no_key(public_key, "public", f"it is a {type(key).__name__}")
    if not os.path.lexists(package / SIGNATURE):
        raise DataError(
            f"{package} is not signed: {SIGNATURE} is missing, and the key {public_key} asks for it. "
            "Get it from where it was signed. Before promotion no package is: `python -m tasks verify "
            "--unsigned` checks the files alone."
        )
    try:
        signature = read_limited(package / SIGNATURE, _MAX_KEY_BYTES)
    except PackageError as error:
        raise DataError(f"{package}: {error}") from error
    try:
        key.verify(signature, _manifest(package))
    except InvalidSignature as error:
        raise DataError(
            f"{package}: the signature is wrong: {SIGNATURE} was not made for this {MANIFEST} with the "
            f"key that belongs to {public_key}. Somebody else made or changed the package: do not "
            "use it."
        ) from error


def _manifest(package: Path) -> bytes:
    try:
        return read_limited(package / MANIFEST, MAX_MANIFEST_BYTES)
    except PackageError as error:
        raise DataError(f"{package}: {error}") from error


def _read_key(path: Path) -> bytes:
    try:
        with path.open("rb") as file:
            return file.read(_MAX_KEY_BYTES)
    except OSError as error:
        raise DataError(
            f"the key {path} cannot be read: {error.strerror}. `python -m tasks keygen` makes a pair."
        ) from error


def _no_key(path: Path, kind: str, reason: str) -> DataError:
    return DataError(
        f"{path} is not a {kind} Ed25519 key in PEM without a password: {reason}. `python -m tasks "
        "keygen` makes a pair of keys."
    )


def _public_pem(key: Ed25519PublicKey) -> bytes:
    return key.public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
