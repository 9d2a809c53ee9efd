"""Tests of tasks.steps.package, on files as the steps before it write them."""

import shutil
from pathlib import Path

import numpy as np
import pytest

from litesmith.data.rows import Row, write_table
from litesmith.data.splits import Split, write_split
from litesmith.errors import DataError
from litesmith.files import write_bytes, write_text
from litesmith.records.record import read_record, write_record
from litesmith.records.service.release import Manifest, PackageProvenance
from litesmith.records.summary import Reference
from litesmith.release import verify
from litesmith.report.older import read_run
from tasks import catalog
from tasks.dag.step import Measured
from tasks.steps.package import Ins, Outs, package
from tests.litesmith.make_tiny import TINY, images
from tests.litesmith.release.packages import DESCRIPTION, tiny_decision, tiny_release
from tests.litesmith.report.report_inputs import FINAL, report_inputs, report_summary

# Rows of the intake; the training images are every other one, and two of them are the same.
DIGESTS = [f"{row % 9:032x}" for row in range(20)]


@pytest.fixture(name="workspace")
def fixture_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace in which every step before it has run."""
    monkeypatch.chdir(tmp_path)
    release, results = tiny_release(), report_inputs().results
    write_bytes(catalog.FINAL_LITE, release.model)
    shutil.copy(TINY / "int8.json", catalog.FINAL_METADATA)
    drawn, labels = images(60, seed=3)
    np.savez(catalog.GOLDEN, images=drawn, labels=labels, ids=np.arange(60))
    converted = results.convert.model_copy(
        update={"files": {**results.convert.files, FINAL: release.file}}
    )
    write_record(catalog.results("convert"), converted)
    write_record(catalog.results("evaluate"), results.evaluate)
    write_record(catalog.results("prepare"), results.prepare)
    write_record(catalog.DECISION, tiny_decision(release.model))
    write_record(catalog.SUMMARY, report_summary())
    write_text(catalog.MODEL_CARD, "The card of `models/final.tflite`.\n")
    rows = [
        Row("base", f"train[{row}]", row % 3, "", "train", digest) for row, digest in enumerate(DIGESTS)
    ]
    catalog.INTAKE.mkdir(parents=True)
    write_table(catalog.INTAKE / "rows.csv", Row, rows)
    drawn, labels = images(10, seed=1)
    write_split(catalog.TRAIN, Split(drawn, labels, np.arange(0, 20, 2)))
    return tmp_path


def pack() -> Path:
    package.function(Ins(), Outs(), dataset=DESCRIPTION)
    return catalog.PACKAGE


def test_the_package_is_complete_and_verifies(workspace: Path) -> None:
    verified = verify.verify(pack())
    assert verified.num_golden == 32
    assert verified.form.class_names == ["left", "right", "neither"]
    assert read_record(catalog.PACKAGE / verify.MANIFEST, Manifest).decision == "promote"
    assert (catalog.PACKAGE / "decision.json").read_bytes() == catalog.DECISION.read_bytes()
    assert (catalog.PACKAGE / "model-card.md").read_text() == "The card of `model.tflite`.\n"
    assert read_record(catalog.PACKAGE / "reference.json", Reference) == read_run(catalog.SUMMARY)


def test_provenance_names_data_and_parameters_of_all_steps(workspace: Path) -> None:
    provenance = read_record(pack() / "provenance.json", PackageProvenance)
    assert provenance.train_digests == tuple(sorted({DIGESTS[row] for row in range(0, 20, 2)}))
    assert len(provenance.train_digests) == 9
    assert provenance.splits == report_inputs().results.prepare.splits
    assert list(provenance.parameters) == list(report_inputs().provenance)
    assert provenance.versions == {
        name: step.versions for name, step in report_inputs().provenance.items()
    }
    assert provenance.dataset == "sides"


def test_the_same_inputs_give_the_same_bytes(workspace: Path) -> None:
    before = {path.name: path.read_bytes() for path in pack().iterdir()}
    shutil.rmtree(catalog.PACKAGE)
    assert {path.name: path.read_bytes() for path in pack().iterdir()} == before


def test_a_decision_on_another_file_is_refused(workspace: Path) -> None:
    write_record(catalog.DECISION, tiny_decision(b"another file"))
    with pytest.raises(DataError, match="the decision is on another model"):
        pack()


def test_its_inputs_and_outputs() -> None:
    taken = {port.path for port in package.ins}
    assert not taken & {catalog.GATE, catalog.TEST, catalog.IN_SERVICE, catalog.RELEASED_PACKAGES}
    assert [port.path for port in package.outs][:1] == [catalog.PACKAGE]
    assert package.outs[0].marked(Measured)
