"""Tests of litesmith.release.checking."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.release import checking, verify
from litesmith.release.checking import check_package
from litesmith.release.signing import make_keys, sign
from tests.litesmith.release.packages import (
    change_json,
    change_manifest,
    changed_model,
    forge,
    list_file,
    unknown_version,
)

PROJECT = Path(__file__).parents[3]


def test_a_good_package(package: Path) -> None:
    manifest, lines = check_package(package)
    assert (manifest.dataset, manifest.device, manifest.decision) == ("sides", "wearable", "promote")
    assert lines == verify.verify(package).lines()


def test_the_signature_is_asked_for_where_a_key_is_given(package: Path, tmp_path: Path) -> None:
    private, public = tmp_path / "release.pem", tmp_path / "release.pub.pem"
    make_keys(private, public)
    with pytest.raises(DataError, match=r"package is not signed: manifest\.sig is missing, and the key"):
        check_package(package, public)
    sign(package, private)
    _, lines = check_package(package, public)
    assert lines[0].startswith("manifest.sig is right")
    check_package(package)
    change_manifest(package, device="another")
    with pytest.raises(DataError, match="the signature is wrong"):
        check_package(package, public)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda package: (package / "model-card.md").write_text("x"), r"package: model-card\.md is cut short"),
        (lambda package: list_file(package, "../x"), r"package: manifest\.json lists '\.\./x', which leads out"),
        (lambda package: forge(package, verify.MODEL, changed_model(unknown_version)), "needs an operator that LiteRT"),
        (lambda package: change_json(package, "operators.json", operators=[]), "lists other operators than model.tflite"),
        (lambda package: forge(package, "operators.json", b"{}"), r"operators\.json is not a Operators as this version"),
        (lambda package: change_manifest(package, decision="surely"), r"manifest\.json is not a Manifest as this version"),
    ],
)  # fmt: skip
def test_a_refused_package_is_named_with_the_reason(
    package: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(package)
    with pytest.raises(DataError, match=message) as caught:
        check_package(package)
    assert "Traceback" not in str(caught.value)
    assert "INFO" not in str(caught.value)


def test_no_code_of_the_package_runs(package: Path, tmp_path: Path) -> None:
    forge(package, "verify.py", f"open({str(tmp_path / 'ran')!r}, 'w')".encode())
    check_package(package)
    assert not (tmp_path / "ran").exists()


@pytest.mark.parametrize(
    ("script", "message"),
    [
        ("import os; os.abort()", r"model\.tflite ended the process that ran it \(exit code -6\): without a word"),
        ("raise ValueError('strange')", r"model\.tflite ended the process .*: .*ValueError: strange"),
        ("while True: pass", r"model\.tflite had not answered after 1 s and was stopped"),
    ],
)  # fmt: skip
def test_a_model_that_ends_or_holds_its_process(
    package: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, script: str, message: str
) -> None:
    (tmp_path / "script.py").write_text(script)
    monkeypatch.setattr(verify, "__file__", str(tmp_path / "script.py"))
    monkeypatch.setattr(checking, "_LIMIT_S", 1.0)
    with pytest.raises(DataError, match=rf"(?s)package: {message}"):
        check_package(package)


def test_no_tensorflow_is_imported(package: Path) -> None:
    code = (
        "import sys; from pathlib import Path; from litesmith.release.checking import check_package; "
        "check_package(Path(sys.argv[1])); print(*{name.partition('.')[0] for name in sys.modules})"
    )
    command = [sys.executable, "-c", code, str(package)]
    loaded = subprocess.run(command, cwd=PROJECT, capture_output=True, text=True, check=True)
    assert {"tensorflow", "tf_keras", "sklearn", "pandas", "scipy"} & set(loaded.stdout.split()) == set()


def test_the_manifest_is_read_as_it_is(package: Path) -> None:
    manifest, _ = check_package(package)
    assert manifest.model_dump(mode="json") == read_json(package / verify.MANIFEST)
