"""Tests of litesmith.release.signing."""

import shutil
import stat
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ec import SECP256R1, generate_private_key

from litesmith.errors import DataError, MachineError
from litesmith.release import verify
from litesmith.release.signing import check_signature, make_keys, sign


@pytest.fixture(name="keys")
def fixture_keys(tmp_path: Path) -> tuple[Path, Path]:
    """A private and a public key."""
    keys = tmp_path / "keys/release.pem", tmp_path / "keys/release.pub.pem"
    make_keys(*keys)
    return keys


def test_what_is_signed_is_right_until_a_byte_changes(package: Path, keys: tuple[Path, Path]) -> None:
    sign(package, keys[0])
    check_signature(package, keys[1])
    assert len((package / verify.SIGNATURE).read_bytes()) == 64
    verify.verify(package)
    manifest = package / verify.MANIFEST
    manifest.write_bytes(manifest.read_bytes() + b" ")
    with pytest.raises(
        DataError, match=r"signature is wrong: manifest\.sig was not made for this manifest"
    ):
        check_signature(package, keys[1])


def test_the_signature_of_another_key(package: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    make_keys(tmp_path / "other.pem", tmp_path / "other.pub.pem")
    sign(package, tmp_path / "other.pem")
    with pytest.raises(DataError, match=r"the signature is wrong.* Somebody else made or changed"):
        check_signature(package, keys[1])


@pytest.mark.parametrize("signature", [b"", b"short", 64 * b"\0", 65 * b"\0"])
def test_a_signature_that_is_none(package: Path, keys: tuple[Path, Path], signature: bytes) -> None:
    (package / verify.SIGNATURE).write_bytes(signature)
    with pytest.raises(DataError, match="the signature is wrong"):
        check_signature(package, keys[1])


def test_a_missing_signature(package: Path, keys: tuple[Path, Path]) -> None:
    with pytest.raises(
        DataError, match=r"is not signed: manifest\.sig is missing, and the key .* asks for it"
    ):
        check_signature(package, keys[1])


def test_a_signature_behind_a_link(package: Path, keys: tuple[Path, Path]) -> None:
    (package / verify.SIGNATURE).symlink_to("/dev/zero")
    with pytest.raises(DataError, match=r"manifest\.sig is a link"):
        check_signature(package, keys[1])


def test_a_huge_signature(package: Path, keys: tuple[Path, Path]) -> None:
    with (package / verify.SIGNATURE).open("wb") as file:
        file.truncate(2**40)
    with pytest.raises(DataError, match=r"manifest\.sig has 1,099,511,627,776 bytes, and at most"):
        check_signature(package, keys[1])


def test_the_private_key_is_its_owners_alone(keys: tuple[Path, Path]) -> None:
    assert stat.S_IMODE(keys[0].stat().st_mode) == 0o600


def test_keys_are_never_overwritten(keys: tuple[Path, Path], tmp_path: Path) -> None:
    before = keys[0].read_bytes()
    with pytest.raises(MachineError, match=r"release\.pem is there already"):
        make_keys(*keys)
    with pytest.raises(MachineError, match=r"release\.pub\.pem is there already"):
        make_keys(tmp_path / "new.pem", keys[1])
    assert keys[0].read_bytes() == before
    assert not (tmp_path / "new.pem").exists()


def test_keys_that_are_none(package: Path, keys: tuple[Path, Path], tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.pem cannot be read: No such file .*keygen"):
        sign(package, tmp_path / "gone.pem")
    (tmp_path / "text.pem").write_text("not a key")
    with pytest.raises(DataError, match=r"text\.pem is not a private Ed25519 key in PEM"):
        sign(package, tmp_path / "text.pem")
    with pytest.raises(DataError, match=r"text\.pem is not a public Ed25519 key in PEM"):
        check_signature(package, tmp_path / "text.pem")
    with pytest.raises(DataError, match=r"release\.pub\.pem is not a private Ed25519 key"):
        sign(package, keys[1])
    other = generate_private_key(SECP256R1())
    formats = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    (tmp_path / "ec.pem").write_bytes(other.private_bytes(*formats, serialization.NoEncryption()))
    with pytest.raises(DataError, match=r"ec\.pem is not a private Ed25519 key .*: it is a EC"):
        sign(package, tmp_path / "ec.pem")
    locked = other.private_bytes(*formats, serialization.BestAvailableEncryption(b"secret"))
    (tmp_path / "locked.pem").write_bytes(locked)
    with pytest.raises(
        DataError, match=r"locked\.pem is not a private Ed25519 key in PEM without a password"
    ):
        sign(package, tmp_path / "locked.pem")


def test_openssl_checks_it_too(package: Path, keys: tuple[Path, Path]) -> None:
    if shutil.which("openssl") is None:
        pytest.skip("needs openssl")
    sign(package, keys[0])
    command = [
        "openssl",
        "pkeyutl",
        "-verify",
        "-pubin",
        "-inkey",
        str(keys[1]),
        "-rawin",
        "-in",
        "manifest.json",
    ]
    done = subprocess.run(
        [*command, "-sigfile", "manifest.sig"], cwd=package, capture_output=True, text=True, check=True
    )
    assert "Signature Verified Successfully" in done.stdout
