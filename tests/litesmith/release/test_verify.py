"""Tests of the stand-alone checks: every damage has a message of its own."""

import ast
import hashlib
import io
import json
import os
import re
import shutil
import subprocess
import sys
import zipfile
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from litesmith.release import verify
from tests.litesmith.make_tiny import TINY
from tests.litesmith.release.packages import (
    change_golden,
    change_json,
    change_manifest,
    changed_model,
    forge,
    list_file,
    other_scale,
    unknown_custom,
    unknown_version,
)

SCRIPT = Path(verify.__file__)
# The standard library, NumPy, and the two runtimes.
ALLOWED = {"numpy", "ai_edge_litert", "tflite_runtime", "__future__"}


def test_a_good_package_tells_what_was_checked(package: Path) -> None:
    verified = verify.verify(package)
    assert verified.num_golden == 32
    assert verified.largest_error == 0
    assert verified.manifest.dataset == "sides"
    assert len(verified.lines()) == 3


def flip_byte(name: str) -> Callable[[Path], None]:
    def change(package: Path) -> None:
        content = bytearray((package / name).read_bytes())
        content[len(content) // 2] ^= 1
        (package / name).write_bytes(content)

    return change


def cut(name: str) -> Callable[[Path], None]:
    def change(package: Path) -> None:
        content = (package / name).read_bytes()
        (package / name).write_bytes(content[:-1])

    return change


@pytest.mark.parametrize("name", verify.NAMES)
def test_one_byte_changed(package: Path, name: str) -> None:
    flip_byte(name)(package)
    with pytest.raises(verify.PackageError, match=rf"{name} was changed: its SHA-256 begins with"):
        verify.verify(package)


@pytest.mark.parametrize("name", verify.NAMES)
def test_file_cut_short(package: Path, name: str) -> None:
    cut(name)(package)
    with pytest.raises(
        verify.PackageError, match=rf"{name} is cut short: it has [\d,]+ of [\d,]+ bytes"
    ):
        verify.verify(package)


@pytest.mark.parametrize("name", verify.NAMES)
def test_file_missing(package: Path, name: str) -> None:
    (package / name).unlink()
    with pytest.raises(verify.PackageError, match=rf"{name}: listed in manifest.json and missing"):
        verify.verify(package)


def _link(package: Path) -> None:
    (package / "model-card.md").rename(package.parent / "elsewhere")
    (package / "model-card.md").symlink_to(package.parent / "elsewhere")


def _link_manifest(package: Path) -> None:
    (package / verify.MANIFEST).rename(package.parent / "elsewhere")
    (package / verify.MANIFEST).symlink_to(package.parent / "elsewhere")


def _folder(package: Path) -> None:
    (package / "model-card.md").unlink()
    (package / "model-card.md").mkdir()


def _pipe(package: Path) -> None:
    (package / "model-card.md").unlink()
    os.mkfifo(package / "model-card.md")


def _huge_file(package: Path) -> None:
    with (package / "model-card.md").open("r+b") as file:
        file.truncate(2**40)  # a hole, which takes no room on the disk


def _huge_manifest(package: Path) -> None:
    with (package / verify.MANIFEST).open("r+b") as file:
        file.truncate(2**40)


def _unlisted(package: Path) -> None:
    files = json.loads((package / verify.MANIFEST).read_text())["files"]
    del files["model-card.md"]
    change_manifest(package, files=files)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda package: (package / "notes.txt").touch(), r"'notes\.txt': in the folder and not listed"),
        (lambda package: (package / "a\nb").touch(), r"'a\\nb': in the folder and not listed"),
        (_link, r"'model-card\.md' is a link, and a package holds files alone"),
        (_link_manifest, r"'manifest\.json' is a link, and a package holds files alone"),
        (_folder, r"'model-card\.md' is no file"),
        (_pipe, r"'model-card\.md' is no file"),
        (_huge_file, r"model-card\.md has 1,099,511,627,776 bytes, and at most 67,108,864 are expected"),
        (_huge_manifest, r"manifest\.json has 1,099,511,627,776 bytes, and at most 1,048,576 are expected"),
        (lambda package: (package / verify.MANIFEST).unlink(), r"manifest\.json is missing from .*no package"),
        (lambda package: (package / verify.MANIFEST).write_bytes(b"{"), r"manifest\.json is damaged: it is not JSON"),
        (lambda package: (package / verify.MANIFEST).write_bytes(b"\xff"), r"manifest\.json is damaged: it is not JSON"),
        (lambda package: (package / verify.MANIFEST).write_text("[" * 100_000), r"is damaged: .*nested too deeply"),
        (lambda package: (package / verify.MANIFEST).write_text("[]"), "is damaged: it does not say that it is of a"),
        (lambda package: change_manifest(package, kind="another"), "is damaged: it does not say that it is of a"),
        (lambda package: change_manifest(package, schema_version=2), "has schema version 2, and version 1 is known"),
        (lambda package: change_manifest(package, schema_version="1"), "has schema version '1', and version 1 is"),
        (lambda package: change_manifest(package, schema_version=True), "has schema version True, and version 1"),
        (lambda package: change_manifest(package, more=1), r"manifest\.json is damaged: expected kind, .*'more'"),
        (lambda package: change_manifest(package, files=[]), r"manifest\.json is damaged: its files are no mapping"),
        (lambda package: change_manifest(package, files={"model.tflite": 3}), "is damaged: .* got no mapping"),
        (lambda package: change_manifest(package, model_sha256="0"), "names another SHA-256 of the model than that"),
        (lambda package: list_file(package, "../outside"), r"lists '\.\./outside', which leads out of the package"),
        (lambda package: list_file(package, "/etc/passwd"), r"lists '/etc/passwd', which leads out of the package"),
        (lambda package: list_file(package, ".."), r"lists '\.\.', which leads out of the package"),
        (lambda package: list_file(package, "a\\b"), r"lists 'a\\\\b', which leads out of the package"),
        (lambda package: list_file(package, "more.txt"), r"lists 'more\.txt', which no package of version 1 holds"),
        (lambda package: list_file(package, verify.MODEL, bytes=2**40), r"lists model\.tflite with 1,099,511,627,776"),
        (lambda package: list_file(package, verify.MODEL, bytes="4"), r"lists model\.tflite without size or SHA-256"),
        (lambda package: list_file(package, verify.MODEL, bytes=-1), r"lists model\.tflite without size or SHA-256"),
        (lambda package: list_file(package, verify.MODEL, sha256=None), "without size or SHA-256"),
        (_unlisted, r"manifest\.json does not list model-card\.md, which every package holds"),
    ],
)  # fmt: skip
def test_strange_folders_and_manifests(
    package: Path, damage: Callable[[Path], object], message: str
) -> None:
    damage(package)
    with pytest.raises(verify.PackageError, match=message):
        verify.verify(package)


def test_sums_that_differ_from_the_manifest(package: Path) -> None:
    content = (package / verify.SUMS).read_bytes().replace(b"  model-card.md", b"  model-kard.md")
    (package / verify.SUMS).write_bytes(content)
    list_file(package, verify.SUMS, sha256=hashlib.sha256(content).hexdigest())
    with pytest.raises(verify.PackageError, match=r"SHA256SUMS and manifest\.json list different sums"):
        verify.verify(package)


def _tensor(package: Path, side: str, **values: object) -> None:
    tensors = json.loads((package / verify.FORM).read_text())["tensors"]
    change_json(package, verify.FORM, tensors={**tensors, side: {**tensors[side], **values}})


def _swap_labels(package: Path) -> None:
    names = json.loads((package / verify.FORM).read_text())["class_names"]
    change_json(package, verify.FORM, class_names=[names[1], names[0], *names[2:]])


def _both_scales(package: Path) -> None:
    """Change the scale in the model and in its JSON, so that the two agree."""
    forge(package, verify.MODEL, changed_model(other_scale))
    _tensor(package, "input", scale=2 * 0.0039061899296939373)


def _shuffled_answers(package: Path) -> None:
    with np.load(package / verify.GOLDEN) as arrays:
        change_golden(package, outputs=arrays["outputs"][::-1])


def _bomb(package: Path) -> None:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as archive:
        archive.writestr("images.npy", bytes(10**7))
    forge(package, verify.GOLDEN, content.getvalue())


def _huge_array(package: Path) -> None:
    header = (
        b"\x93NUMPY\x01\x00v\x00"
        + b"{'descr': '|u1', 'fortran_order': False, 'shape': (99999999999999,), }"
    )
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr("images.npy", header.ljust(127) + b"\n")
    forge(package, verify.GOLDEN, content.getvalue())


def _huge_tensor(tree: object) -> None:
    graph = tree.subgraphs[0]  # type: ignore[attr-defined]
    graph.tensors[graph.operators[0].outputs[0]].shape = np.array([1, 60_000, 60_000, 8], np.int32)


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (lambda package: _tensor(package, "input", scale=0.5), r"input has scale 0\.5, and in model\.tflite it is 0\.0039"),
        (lambda package: _tensor(package, "input", scale="x"), r"input has scale 'x', and in model\.tflite it is"),
        (lambda package: _tensor(package, "input", zero_point=0), "input has zero point 0, and in model.tflite it is -128"),
        (lambda package: _tensor(package, "output", dtype="uint8"), "output has dtype 'uint8', .* is int8"),
        (lambda package: _tensor(package, "input", shape=[1, 8, 8]), r"input has shape \[1, 8, 8\], .* is \[1, 8, 8, 1\]"),
        (lambda package: _tensor(package, "input", more=1), r"model\.json is damaged: expected dtype, .*'more'"),
        (lambda package: change_json(package, verify.FORM, tensors=None), r"model\.json is damaged: .* got no mapping"),
        (lambda package: change_json(package, verify.FORM, sha256="0" * 64), r"model\.json belongs to another model"),
        (lambda package: forge(package, verify.FORM, b"["), r"model\.json is damaged: it is not JSON"),
        (_swap_labels, r"other class names, or another order, .* \['right', 'left', 'neither'\], expected \['left', 'r"),
        (lambda package: forge(package, verify.MODEL, changed_model(other_scale)), r"input has scale 0\.00390.* is 0\.0078"),
        (_both_scales, r"the inputs in golden\.npz are not its images at the input scale 0\.0078"),
        (lambda package: forge(package, verify.MODEL, changed_model(unknown_version)), "needs an operator that LiteRT"),
        (lambda package: forge(package, verify.MODEL, changed_model(unknown_custom)), "does not have: .*Mystery"),
        (lambda package: forge(package, verify.MODEL, changed_model(_huge_tensor)), r"asks for tensors of 28,800,0\d\d,\d\d\d bytes"),
        (lambda package: forge(package, verify.MODEL, b"no model"), r"LiteRT [\d.]+ cannot open model\.tflite"),
        (lambda package: forge(package, verify.MODEL, (TINY / "int8.tflite").read_bytes()[:2000]), "cannot open model"),
        (lambda package: forge(package, verify.MODEL, (TINY / "float32.tflite").read_bytes()), "dtype 'int8', .*float32"),
        (_shuffled_answers, r"answers golden image \d+ otherwise than when .* off by 0\.8\d*, at most 0\.1 allowed"),
        (lambda package: forge(package, verify.GOLDEN, b"PK"), r"golden\.npz is damaged: "),
        (_bomb, r"golden\.npz is damaged: its arrays are compressed"),
        (_huge_array, r"golden\.npz is damaged: "),
        (lambda package: change_golden(package, tolerance=np.float64(5)), "allows an error of 5.0, not one to 0.3"),
        (lambda package: change_golden(package, tolerance=np.float64(np.nan)), "allows an error of nan"),
        (lambda package: change_golden(package, tolerance=np.array("x")), r"golden\.npz is damaged: could not convert"),
        (lambda package: change_golden(package, more=np.zeros(3)), r"golden\.npz is damaged: expected images, .*'more'"),
        (lambda package: change_golden(package, inputs=np.int8(3)), r"golden\.npz is damaged: it holds no images with"),
        (lambda package: change_golden(package, outputs=np.zeros((32, 9), np.int8)), "holds answers of another form"),
        (lambda package: change_golden(package, images=np.zeros((32, 9, 9, 1), np.uint8)), "holds images of another form"),
    ],
)  # fmt: skip
def test_damage_under_right_sums(package: Path, damage: Callable[[Path], object], message: str) -> None:
    damage(package)
    with pytest.raises(verify.PackageError, match=message):
        verify.verify(package)


def test_another_model_that_answers_alike_under_right_sums_is_a_matter_of_the_signature(
    package: Path,
) -> None:
    forge(package, verify.MODEL, (TINY / "int4.tflite").read_bytes())
    assert 0 < verify.verify(package).largest_error < 0.1


def test_no_folder(tmp_path: Path) -> None:
    with pytest.raises(
        verify.PackageError, match=r"gone is no folder, and a package is one\. Check its name"
    ):
        verify.verify(tmp_path / "gone")


def test_a_package_behind_a_link_is_one(package: Path, tmp_path: Path) -> None:
    (tmp_path / "current").symlink_to(package)
    verify.verify(tmp_path / "current")


def _run(script: Path, *arguments: str, cwd: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-I", str(script), *arguments]
    return subprocess.run(
        command, cwd=cwd, capture_output=True, text=True, check=False, encoding="utf-8"
    )


def test_the_copy_in_a_package_runs_alone(package: Path, tmp_path: Path) -> None:
    done = _run(package / "verify.py", cwd=tmp_path)
    assert done.stdout.splitlines()[-1] == "good: the package is as it was made"
    assert done.returncode == 0
    assert sorted(path.name for path in package.iterdir()) == sorted([*verify.NAMES, verify.MANIFEST])


def test_the_copy_refuses_another_package(package: Path, tmp_path: Path) -> None:
    other = Path(shutil.copytree(package, tmp_path / "other"))
    flip_byte(verify.MODEL)(other)
    done = _run(package / "verify.py", str(other), cwd=tmp_path)
    assert done.returncode == 1
    assert "refused: model.tflite was changed" in done.stderr
    assert "Traceback" not in done.stderr


def test_the_script_needs_nothing_but_numpy_and_a_runtime() -> None:
    tree = ast.parse(SCRIPT.read_text(encoding="utf-8"), feature_version=(3, 9))
    names = {
        alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names
    }
    names |= {node.module or "" for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert {name.partition(".")[0] for name in names} - set(sys.stdlib_module_names) <= ALLOWED


def test_a_machine_without_a_runtime_is_told_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setitem(sys.modules, "ai_edge_litert.interpreter", None)
    monkeypatch.setitem(sys.modules, "tflite_runtime", None)
    with pytest.raises(
        verify.PackageError, match="neither ai_edge_litert nor tflite_runtime is installed"
    ):
        verify.open_model(b"")


def test_sums_are_those_that_sha256sum_reads(package: Path) -> None:
    lines = (package / verify.SUMS).read_text().splitlines()
    assert len(lines) == len(verify.NAMES) - 1
    assert all(re.fullmatch(r"[0-9a-f]{64}  [\w.-]+", line) for line in lines)
    if shutil.which("sha256sum"):
        subprocess.run(
            ["sha256sum", "--check", "--strict", "--quiet", verify.SUMS], cwd=package, check=True
        )
