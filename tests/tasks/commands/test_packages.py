"""Tests of the commands that check and export packages, and make keys."""

import subprocess
import sys
from pathlib import Path

import pytest

from litesmith.errors import DataError, MachineError, ParamsError
from litesmith.release import verify
from litesmith.release.signing import make_keys, sign
from tasks import catalog
from tasks.__main__ import main
from tasks.commands.packages import PUBLIC_KEY, export_package, make_key_pair, verify_package
from tests.litesmith.release.packages import make_tiny_package

PROJECT = Path(__file__).parents[3]


@pytest.fixture(name="package", scope="module")
def fixture_package(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A package that is signed with a key beside it."""
    folder = tmp_path_factory.mktemp("packages")
    make_keys(folder / "release.pem", folder / "release.pub.pem")
    package = make_tiny_package(folder / "package")
    sign(package, folder / "release.pem")
    return package


@pytest.fixture(autouse=True)
def fixture_no_keys(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(PUBLIC_KEY, raising=False)


def test_a_good_package(package: Path, tmp_path: Path) -> None:
    text = verify_package(tmp_path, package)
    assert "sides on wearable, decision: promote\n12 files have the sizes" in text
    assert text.endswith(
        "\nsignature not checked: no public key is configured or given with --key\n"
        "good: the package is as it was made"
    )


def test_the_key_given_or_configured_is_asked_for(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    right = package.parent / "release.pub.pem"
    assert "manifest.sig is right" in verify_package(tmp_path, package, right)
    monkeypatch.setenv(PUBLIC_KEY, str(right))
    assert f"the key that belongs to {right}" in verify_package(tmp_path, package)
    monkeypatch.setenv(PUBLIC_KEY, str(tmp_path / "gone"))
    with pytest.raises(ParamsError, match=r"LITESMITH_PUBLIC_KEY names .*gone, which is no file"):
        verify_package(tmp_path, package)
    monkeypatch.delenv(PUBLIC_KEY)
    make_key_pair(tmp_path)
    with pytest.raises(DataError, match="the signature is wrong"):
        verify_package(tmp_path, package)
    assert "signature not checked: as asked for" in verify_package(tmp_path, package, unsigned=True)


def test_keys_are_made_once(tmp_path: Path) -> None:
    text = make_key_pair(tmp_path)
    assert str(catalog.SIGNING_KEY) in text and str(catalog.PUBLIC_KEY) in text
    with pytest.raises(MachineError, match="is there already"):
        make_key_pair(tmp_path)


def test_a_model_is_exported_as_a_c_array(package: Path, tmp_path: Path) -> None:
    text = export_package(package, tmp_path / "model.h")
    assert "4,488 bytes of model, an arena of 66,000 bytes, operators CONV_2D, FULLY_CONNECTED" in text
    assert "#define LITESMITH_MODEL_BYTES 4488u" in (tmp_path / "model.h").read_text()
    with pytest.raises(DataError, match="is a folder, and the name of a C header was expected"):
        export_package(package, tmp_path)


def test_a_damaged_package_is_not_exported(package: Path, tmp_path: Path) -> None:
    damaged = make_tiny_package(tmp_path / "package")
    (damaged / verify.SUMS).unlink()
    with pytest.raises(DataError, match=r"SHA256SUMS: listed in manifest.json and missing"):
        export_package(damaged, tmp_path / "model.h")
    assert not (tmp_path / "model.h").exists()


def test_the_command_line_refuses_without_a_traceback(
    package: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["verify", str(package), "--key", str(package.parent / "release.pub.pem")]) == 0
    assert "good: the package is as it was made" in capsys.readouterr().out
    assert main(["verify", str(tmp_path / "gone"), "--unsigned"]) == 1
    assert "gone is no folder" in capsys.readouterr().err


def test_verify_and_export_import_no_tensorflow(package: Path, tmp_path: Path) -> None:
    code = (
        "import sys; from tasks.__main__ import main; "
        "assert main(['verify', sys.argv[1]]) == 0; assert main(['export', *sys.argv[1:]]) == 0; "
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code, str(package), str(tmp_path / "model.h")]
    done = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    loaded = set(done.stdout.splitlines()[-1].split())
    assert {"tensorflow", "tf_keras", "sklearn", "prefect", "dvc"} & loaded == set()
