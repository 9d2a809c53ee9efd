"""Tests of litesmith.report.reference, tables and provenance: a run against another."""

import copy
import dataclasses
from typing import Any

import numpy as np
import pytest

from litesmith.documents.formats import count
from litesmith.report.difference import Difference
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.page import make_report
from litesmith.report.records import Absent, Record
from litesmith.report.reference import Changed, Since, packed, since, unpacked
from litesmith.report.sections.headline import section as tables
from litesmith.report.sections.provenance import section as provenance
from tests.litesmith.report.report_inputs import FINAL, render, report_inputs, with_value

pytestmark = pytest.mark.usefixtures("undrawn")


@pytest.fixture(name="before")
def fixture_before(undrawn: None) -> dict[str, Any]:
    """The summary of a run as a reference."""
    return dict(make_report(report_inputs()).summary)


def compared(before: dict[str, Any], inputs: ReportInputs | None = None) -> Since:
    """Compare a run with the reference run as the page does."""
    now = make_report(inputs or report_inputs()).summary
    found = since(Record(now, "now", {}), Record(before, "before", {}), "reports/reference.json")
    assert isinstance(found, Since)
    return found


def test_same_run_has_changed_nothing(before: dict[str, Any]) -> None:
    found = compared(before)
    assert found.paired and found.accuracy == Difference(0, 0, 0)
    assert (found.data, found.parameters, found.versions, found.hosts) == ((), (), (), ())


def test_run_compared_with_itself_says_so(before: dict[str, Any]) -> None:
    report = make_report(dataclasses.replace(report_inputs(), reference=before))
    verdict = report.summary["verdict"]
    assert verdict["sentence"].startswith("tuned-int8 is the reference run itself: ")
    assert verdict["reasons"][1]["text"].startswith("this run is the reference run itself")
    assert report.summary["since_reference"]["same_run"] is True
    assert "This run is the reference run itself: all files" in report.page
    assert "from reference" not in report.page and "compared image by image" not in report.page
    assert not compared({**before, "inputs": {}}).same_run


def test_runs_on_the_same_test_images_are_compared_image_by_image(before: dict[str, Any]) -> None:
    inputs = report_inputs()
    said = {**inputs.predictions.predicted}
    wrong = np.flatnonzero(said[FINAL] != inputs.predictions.labels)
    said[FINAL] = said[FINAL].copy()
    said[FINAL][wrong[:20]] = inputs.predictions.labels[wrong[:20]]
    predictions = dataclasses.replace(inputs.predictions, predicted=said)
    found = compared(before, dataclasses.replace(inputs, predictions=predictions))
    assert isinstance(found.accuracy, Difference)
    assert found.accuracy.mean == pytest.approx(0.02) and found.accuracy.outcome == "better"


def test_other_test_split_is_not_paired(before: dict[str, Any]) -> None:
    inputs = report_inputs()
    results = with_value(inputs.results, "prepare", "splits", "test", "sha256", value="other")
    found = compared(before, dataclasses.replace(inputs, results=results))
    assert not found.paired and isinstance(found.accuracy, Difference)
    assert found.data == (Changed("test split: SHA-256", "other", "ab54" * 16),)


def test_runs_of_two_data_sets_are_not_compared() -> None:
    inputs = report_inputs()
    other = with_value(inputs.results, "validate", "dataset", "name", value="Drawn garments")
    before = make_report(dataclasses.replace(inputs, results=other)).summary
    now = make_report(inputs).summary
    found = since(Record(now, "now", {}), Record(before, "before", {}), "reports/reference.json")
    assert isinstance(found, Absent)
    assert found.reason == "the reference run is of Drawn garments, this one of Fashion-MNIST"


def test_another_source_of_the_same_files_is_no_change(before: dict[str, Any]) -> None:
    made = copy.deepcopy(dict(report_inputs().made))
    made["fetch"]["parameters"]["params"]["sources"] = ["../elsewhere"]
    assert compared(before, dataclasses.replace(report_inputs(), made=made)).parameters == ()


def test_changed_parameters_packages_and_hosts_are_named(before: dict[str, Any]) -> None:
    inputs = report_inputs()
    made = copy.deepcopy(dict(inputs.made))
    made["sweep"]["parameters"]["params"]["number"] = 5
    made["sweep"]["parameters"]["params"]["space"] = {"widths": [8, 16]}
    del made["prune"]["parameters"]["params"]["number"]
    for record in made.values():
        record["versions"]["numpy"] = "2.4.7"
        record["host"] = record["host"] | {"cores": 4}
    found = compared(before, dataclasses.replace(inputs, made=made))
    assert found.parameters == (
        Changed("sweep.number", "5", "1"),
        Changed("sweep.space.widths", "[8, 16]", None),
        Changed("prune.number", None, "1"),
    )
    assert found.versions == (Changed("numpy", "2.4.7", "2.4.6"),)
    assert [one.before for one in found.hosts] == [
        "Some Processor 3.0 GHz, 2 cores, Linux-6.1, Python 3.11.7"
    ]


def test_inputs_of_another_hash_are_named_but_for_the_reference_itself() -> None:
    inputs = report_inputs()
    hashes = {"reports/results/sweep.json": "a" * 64, "reports/reference.json": "b" * 64}
    before = dict(make_report(dataclasses.replace(inputs, sha256=hashes)).summary)
    later = dict.fromkeys(hashes, "c" * 64)
    report = make_report(dataclasses.replace(inputs, sha256=later, reference=before))
    assert [one["name"] for one in report.summary["since_reference"]["inputs"]] == [
        "reports/results/sweep.json"
    ]
    assert report.page.count("(not as in the reference run)") == 1
    assert "c" * 64 in report.page and "the reference run itself" in report.page


def test_right_answers_are_one_bit_each() -> None:
    right = np.random.default_rng(3).random(1003) > 0.5
    assert len(packed(right)) == 168
    np.testing.assert_array_equal(unpacked(packed(right), 1003), right)
    assert unpacked(packed(right), 2000) is None
    assert unpacked("not base64!", 8) is None


def test_page_without_reference_says_so() -> None:
    page = render(report_inputs())
    assert "Nothing to compare with: there is no reference run yet." in page
    assert "from reference" not in page


def test_page_with_reference_shows_what_changed(before: dict[str, Any]) -> None:
    before = {**before, "inputs": dict.fromkeys(before["inputs"], "f" * 64)}
    inputs = dataclasses.replace(report_inputs(), reference=before, limits={"max_tflite_bytes": 200_000})
    results = with_value(inputs.results, "evaluate", "variants", FINAL, "bytes", value=100_000)
    made = copy.deepcopy(dict(inputs.made))
    made["sweep"]["parameters"]["params"]["number"] = 5
    report = make_report(dataclasses.replace(inputs, results=results, made=made))
    assert "+3.9\u00a0%<small>from 96\u202f248</small>" in report.page
    assert "sweep.number <b>5</b>, was 1" in report.page
    assert "does as well as the reference run" in report.summary["verdict"]["sentence"]
    assert report.summary["since_reference"]["parameters"] == [
        {"name": "sweep.number", "now": "5", "before": "1"}
    ]


@pytest.mark.parametrize("other", [{"schema_version": 99}, {}, [], "text"])
def test_reference_of_another_schema_is_named_and_does_not_fail(other: Any) -> None:
    report = make_report(dataclasses.replace(report_inputs(), reference=other))
    assert "this report reads 1" in report.page and "Not recorded" in report.page
    assert "Not compared: there is a reference run, but its summary " in report.page
    verdict = report.summary["verdict"]
    assert verdict["outcome"] == "unclear"
    assert verdict["sentence"].startswith("Look before you ship tuned-int8: ")
    assert verdict["sentence"].endswith("and it could not be compared with the reference run.")
    told = verdict["reasons"][1]
    assert (told["topic"], told["good"]) == ("Reference", None)
    assert "`python -m tasks reference` makes this run the reference" in told["text"]


def test_headline_sets_baseline_against_optimized() -> None:
    rows = tables.headline(Records(report_inputs()), Difference(0.02, 0.01, 0.03), Absent("none"))
    assert [row.name for row in rows] == [
        "Test accuracy", "Keras model", "TFLite model", "TFLite model, gzip", "Median latency",
    ]  # fmt: skip
    assert rows[0].change == tables.Cell("+2.00 points", "+1.00 to +3.00")
    assert (rows[2].baseline.value, rows[2].optimized.value) == (count(903_420), count(96_248))
    assert [row.change.value for row in rows[1:]] == [
        "7.4 times smaller", "9.4 times smaller", "10.4 times smaller", "2.5 times faster",
    ]  # fmt: skip
    assert [row.since for row in rows] == [None] * 5


@pytest.mark.parametrize(
    ("median", "p90", "value", "detail"),
    [
        (0.085, 0.095, "within spread", "+2.4\u00a0% from 0.083"),
        (0.085, 0.0855, "within spread", "+2.4\u00a0% from 0.083"),
        (0.166, 0.17, "+100.0\u00a0%", "from 0.083"),
        (0.085, None, "+2.4\u00a0%", "from 0.083, spread not recorded"),
        (0.083, 0.1, "the same", "from 0.083"),
    ],
)
def test_latency_that_differs_by_less_than_its_spread_is_no_change(
    before: dict[str, Any], median: float, p90: float | None, value: str, detail: str
) -> None:
    inputs = dataclasses.replace(report_inputs(), reference=before)
    timed = {"median_ms": median, "p90_ms": p90, "p99_ms": 1.0}
    inputs = dataclasses.replace(
        inputs, latency=with_value(inputs.latency, "variants", FINAL, value=timed)
    )
    rows = tables.headline(Records(inputs), Difference(0, 0, 0), compared(before, inputs))
    assert rows[-1].since == tables.Cell(value, detail)


def test_versions_that_differ_name_their_steps() -> None:
    made = {"a": {"versions": {"numpy": "2.0"}}, "b": {"versions": {"numpy": "2.1"}}}
    records = Records(dataclasses.replace(report_inputs(), made=made)).made
    assert provenance.versions(records) == [("numpy", "2.0 (a); 2.1 (b)")]


def test_parameters_are_named_by_their_place_and_differing_steps_are_told_apart() -> None:
    made = {
        "sweep": {
            "parameters": {"params": {"rungs": [{"epochs": 4}]}, "device": {"max_macs": 1}, "seed": 7}
        },
        "evaluate": {"parameters": {"params": {}, "device": {"max_macs": 2}}},
    }
    records = Records(dataclasses.replace(report_inputs(), made=made)).made
    assert provenance.flat_parameters(records) == {
        "device.max_macs": "1 (sweep); 2 (evaluate)",
        "evaluate": "{}",
        "seed": "7",
        "sweep.rungs": '[{"epochs": 4}]',
    }
