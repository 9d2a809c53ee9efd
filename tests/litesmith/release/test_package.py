"""Tests of litesmith.release.package."""

import hashlib
from dataclasses import replace
from pathlib import Path

import pytest

from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.inference.predict import predict_pictures
from litesmith.records.record import read_record
from litesmith.records.service.judge import Decision, ScoreHistogram
from litesmith.records.service.release import Manifest, Operators, PackageProvenance
from litesmith.records.summary import Reference
from litesmith.release import verify
from litesmith.release.package import write_package
from litesmith.tflite.metadata import read_metadata
from tests.litesmith.release.packages import make_tiny_package, tiny_decision, tiny_release


def test_the_same_inputs_give_the_same_bytes(package: Path, tmp_path: Path) -> None:
    again = make_tiny_package(tmp_path / "again")
    names = sorted(path.name for path in package.iterdir())
    assert names == sorted([*verify.NAMES, verify.MANIFEST])
    assert all((package / name).read_bytes() == (again / name).read_bytes() for name in names)


def test_the_manifest_lists_all_other_files(package: Path) -> None:
    manifest = read_record(package / verify.MANIFEST, Manifest)
    assert sorted(manifest.files) == sorted(verify.NAMES)
    for name, file in manifest.files.items():
        content = (package / name).read_bytes()
        assert (file.sha256, file.bytes) == (hashlib.sha256(content).hexdigest(), len(content))
    assert manifest.model_sha256 == manifest.files[verify.MODEL].sha256
    assert manifest.schema_version == verify.SCHEMA_VERSION


def test_files_are_the_records_that_they_claim_to_be(package: Path) -> None:
    release = tiny_release()
    assert (package / verify.MODEL).read_bytes() == release.model
    assert (package / "decision.json").read_bytes() == release.decision
    assert read_record(package / "provenance.json", PackageProvenance) == release.provenance
    assert read_record(package / "reference.json", Reference) == release.reference
    assert read_record(package / "decision.json", Decision) == tiny_decision(release.model)
    assert read_record(package / "scores.json", ScoreHistogram) == tiny_decision(release.model).scores
    assert read_record(package / "operators.json", Operators).arena is not None
    assert (package / "model-card.md").read_text() == "# A card\n\n`model.tflite`\n"


def test_the_model_can_be_used_with_the_json_beside_it(package: Path, tmp_path: Path) -> None:
    from PIL import Image

    metadata = read_metadata(package / verify.MODEL)
    assert metadata.tensors is not None
    assert (metadata.tensors.input.dtype, metadata.tensors.input.zero_point) == ("int8", -128)
    assert metadata.input.ground == "any"
    picture = tmp_path / "left.png"
    Image.fromarray(tiny_release().golden[0, ..., 0]).save(picture)
    ((_, outcome),) = predict_pictures(package / verify.MODEL, [picture], None)
    assert not isinstance(outcome, DataError)


def test_a_decision_without_scores_leaves_null(tmp_path: Path) -> None:
    decision = tiny_decision(tiny_release().model).model_copy(update={"scores": None})
    package = make_tiny_package(tmp_path / "package", decision=decision.model_dump_json().encode())
    assert read_json(package / "scores.json") is None


def test_float_models_have_no_scale(tmp_path: Path) -> None:
    write_package(tmp_path / "package", tiny_release("float32"))
    verified = verify.verify(tmp_path / "package")
    assert verified.form.tensors.input.scale is None
    assert verified.largest_error == 0


def test_a_decision_on_another_model_is_refused(tmp_path: Path) -> None:
    release = replace(tiny_release(), decision=tiny_decision(b"another").model_dump_json().encode())
    with pytest.raises(DataError, match=r"the decision is on another model: .* Judge again"):
        write_package(tmp_path / "package", release)
    assert not (tmp_path / "package").exists()


def test_a_package_that_fails_its_own_checks_is_refused(tmp_path: Path) -> None:
    release = tiny_release()
    wrong = release.file.model_copy(
        update={"input": release.file.input.model_copy(update={"scale": 0.5})}
    )
    with pytest.raises(
        DataError, match=r"does not pass its own checks: model\.json says that the input has scale"
    ):
        write_package(tmp_path / "package", replace(release, file=wrong))
