"""Tests of litesmith.report.reference, older and provenance: a run against another."""

import dataclasses
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from pydantic import ValidationError

from litesmith.analysis.paired import paired_counts
from litesmith.errors import DataError
from litesmith.files import write_json
from litesmith.records.figures import ReportVerdict, SummaryFigures
from litesmith.records.provenance import Provenance
from litesmith.records.record import read_record, write_record
from litesmith.records.summary import Changed, Reference, RightAnswers, SinceReference
from litesmith.report.inputs import ReportInputs
from litesmith.report.older import read_figures, read_reference, read_results, read_run
from litesmith.report.page import make_report
from litesmith.report.provenance import flat_parameters, hosts_together, seeds, versions
from litesmith.report.reference import (
    accuracy_change,
    not_compared,
    packed,
    since_reference,
    this_run,
    unpacked,
)
from litesmith.report.sections.headline import section as headline
from litesmith.wording import count, percent, points
from tests.litesmith.report.report_inputs import FINAL, render, report_inputs, with_value, without

pytestmark = pytest.mark.usefixtures("undrawn")

PROJECT = Path(__file__).parents[3]


@pytest.fixture(name="before")
def fixture_before() -> Reference:
    """A run as a reference."""
    return this_run(report_inputs())


def compared(before: Reference, inputs: ReportInputs | None = None) -> SinceReference:
    """Compare a run with the reference run as the page does."""
    since = since_reference(dataclasses.replace(inputs or report_inputs(), reference=before))
    assert since is not None
    return since


def test_same_run_has_changed_nothing(before: Reference) -> None:
    since = compared(before)
    assert since.paired and since.accuracy == accuracy_change(paired_counts(0, 0, 1000))
    assert (since.data, since.parameters, since.versions, since.hosts) == ((), (), (), ())


@pytest.mark.parametrize(
    ("released", "name"), [("a-b-0001", "the model in service"), (None, "the run before releases")]
)
def test_a_final_file_that_is_the_references_own_says_so(released: str | None, name: str) -> None:
    hashes = {"models/final.tflite": "a" * 64, "reports/results/sweep.json": "b" * 64}
    inputs = dataclasses.replace(report_inputs(), sha256=hashes, released=released)
    before = with_value(this_run(inputs), "inputs", "reports/results/sweep.json", value="c" * 64)
    report = make_report(dataclasses.replace(inputs, reference=before))
    fact = report.summary.facts[2]
    assert (fact.good, fact.text) == (True, f"the final file is that of {name}, byte for byte.")
    assert report.summary.since_reference is not None and report.summary.since_reference.same_run
    assert "The final file is that of the reference run, byte for byte." in report.page
    assert ("the run that made a-b-0001, the model in service" in report.page) == bool(released)
    assert ("a run from before there were releases" in report.page) == (not released)
    assert "from reference" not in report.page and "compared image by image" not in report.page
    assert not compared(with_value(before, "inputs", value={})).same_run


def test_runs_on_the_same_test_images_are_compared_image_by_image(before: Reference) -> None:
    inputs = report_inputs()
    labels, answers = inputs.predictions.labels, inputs.predictions.predicted[FINAL].copy()
    wrong = np.flatnonzero(answers != labels)[:20]
    answers[wrong] = labels[wrong]
    inputs = with_value(inputs, "predictions", "predicted", FINAL, value=answers)
    accuracy = compared(before, inputs).accuracy
    assert accuracy.mean == pytest.approx(0.02) and accuracy.outcome == "better"


def test_other_test_split_is_not_paired(before: Reference) -> None:
    other = with_value(report_inputs(), "results", "prepare", "splits", "test", "sha256", value="other")
    since = compared(before, other)
    assert not since.paired and since.accuracy.mean == 0 and since.accuracy.low < 0 < since.accuracy.high
    assert since.data == (Changed(name="test split: SHA-256", now="other", before="ab54" * 16),)


def test_runs_of_two_data_sets_are_not_compared() -> None:
    other = with_value(
        report_inputs(), "results", "validate", "dataset", "name", value="Synthetic garments"
    )
    inputs = dataclasses.replace(report_inputs(), reference=this_run(other))
    assert since_reference(inputs) is None
    assert (
        not_compared(inputs) == "the reference run is of Synthetic garments, this one of Fashion-MNIST"
    )
    assert f"Nothing to compare with: {not_compared(inputs)}." in render(inputs)


def with_parameters(inputs: ReportInputs, step: str, **values: Any) -> ReportInputs:
    parameters = inputs.provenance[step].parameters
    params = {**parameters["params"], **values}
    return with_value(inputs, "provenance", step, "parameters", value={**parameters, "params": params})


def test_another_source_of_the_same_files_is_no_change(before: Reference) -> None:
    inputs = report_inputs()
    parameters = {
        **inputs.provenance["fetch"].parameters,
        "dataset": {"base": {"sources": ["../there"]}},
    }
    inputs = with_value(inputs, "provenance", "fetch", "parameters", value=parameters)
    assert compared(before, inputs).parameters == ()


def test_changed_parameters_packages_and_hosts_are_named(before: Reference) -> None:
    inputs = with_parameters(report_inputs(), "sweep", number=5, space={"widths": [8, 16]})
    inputs = without(inputs, "provenance", "prune", "parameters", "params", "number")
    for step in inputs.provenance:
        inputs = with_value(inputs, "provenance", step, "versions", "numpy", value="2.4.7")
        inputs = with_value(inputs, "provenance", step, "host", "cores", value=4)
    since = compared(before, inputs)
    assert since.parameters == (
        Changed(name="sweep.number", now="5", before="1"),
        Changed(name="sweep.space.widths", now="[8, 16]", before=None),
        Changed(name="prune.number", now=None, before="1"),
    )
    assert since.versions == (Changed(name="numpy", now="2.4.7", before="2.4.6"),)
    assert [change.before for change in since.hosts] == [
        "Some Processor 3.0 GHz, 2 cores, Linux-6.1, Python 3.11.7"
    ]
    other_run = with_value(before, "inputs", value={"a": "b"})
    page = render(dataclasses.replace(inputs, reference=other_run))
    assert "prune 1 gone." in page and "Times do not compare." in page


def test_inputs_of_another_hash_are_named_but_for_the_reference_itself() -> None:
    inputs = report_inputs()
    hashes = {"reports/results/sweep.json": "a" * 64, "reports/reference.json": "b" * 64}
    before = this_run(dataclasses.replace(inputs, sha256=hashes))
    later = dict.fromkeys(hashes, "c" * 64)
    report = make_report(dataclasses.replace(inputs, sha256=later, reference=before))
    since = report.summary.since_reference
    assert since is not None
    assert [change.name for change in since.inputs] == ["reports/results/sweep.json"]
    assert report.page.count("(not as in the reference run)") == 1
    assert "c" * 64 in report.page and "tells which run is the reference" in report.page


def test_right_answers_are_one_bit_each() -> None:
    right = np.random.default_rng(3).random(1003) > 0.5
    assert len(packed(right)) == 168
    np.testing.assert_array_equal(unpacked(RightAnswers(num_images=1003, bits=packed(right))), right)
    with pytest.raises(ValidationError, match="holds 126 bytes for 2000 images"):
        RightAnswers(num_images=2000, bits=packed(right))
    with pytest.raises(ValidationError):
        RightAnswers(num_images=8, bits="not base64!")


def test_page_without_reference_says_so() -> None:
    page = render(report_inputs())
    assert "Nothing to compare with: no model is in service yet." in page
    assert "from reference" not in page


def test_page_with_reference_shows_what_changed(before: Reference) -> None:
    before = with_value(before, "inputs", value=dict.fromkeys(before.inputs, "f" * 64))
    inputs = with_parameters(report_inputs(), "sweep", number=5)
    inputs = with_value(inputs, "results", "evaluate", "variants", FINAL, "bytes", value=100_000)
    report = make_report(dataclasses.replace(inputs, reference=before))
    assert "+3.9\u00a0%<small>from 96\u202f248</small>" in report.page
    assert "sweep.number 5, was 1" in report.page
    assert "of the model in service, on the same test images." in report.summary.facts[2].text
    assert report.summary.since_reference is not None
    assert report.summary.since_reference.parameters == (
        Changed(name="sweep.number", now="5", before="1"),
    )


def test_reference_is_read_as_it_was_written(before: Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    write_record(path, before)
    assert read_reference(path) == before
    write_json(path, None)
    assert read_reference(path) is None


@pytest.mark.parametrize(
    "content", [{"schema_version": 99}, {"schema_version": 1}, {"schema_version": 2}, {}, [], "text"]
)
def test_reference_of_another_kind_is_refused_with_the_ways_out(content: Any, tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    write_json(path, content)
    with pytest.raises(DataError, match=r"is not a .*`git checkout -- .*` restores the committed one"):
        read_reference(path)


def test_committed_reference_and_summary_are_understood() -> None:
    before = read_reference(PROJECT / "reports/reference.json")
    run = read_run(PROJECT / "reports/summary.json")
    assert before is not None and before.data["name"] == run.data["name"] == "Fashion-MNIST"
    assert before.right.num_images == run.right.num_images == 10_000
    for reference in (before, run):
        assert unpacked(reference.right).mean() == pytest.approx(reference.optimized.accuracy)
        assert reference.latency.median_ms == reference.optimized.median_latency_ms
        assert seeds(reference.provenance) == "20170828"


_NEW = ("balance", "worst_class", "majority")


def as_version_2(part: Any) -> Any:
    """Return a part of a summary or reference as version 2 wrote it."""
    if isinstance(part, list):
        return [as_version_2(item) for item in part]
    if not isinstance(part, dict):
        return part
    old = {name: as_version_2(item) for name, item in part.items() if name not in _NEW}
    if "schema_version" in old:
        return {**old, "schema_version": 2}
    if "standard_error" in old and "low" in old:
        gained, lost = 60, 32
        error = np.sqrt((gained + lost) / 1000 - ((gained - lost) / 1000) ** 2) / np.sqrt(1000)
        return {"mean": (gained - lost) / 1000, "standard_error": error}
    return old


def test_summary_of_version_2_gains_what_its_confusion_tells(tmp_path: Path) -> None:
    inputs = with_value(
        report_inputs(), "results", "evaluate", "gain", value=paired_counts(60, 32, 1000)
    )
    now, path = make_report(inputs).summary, tmp_path / "summary.json"
    write_json(path, as_version_2(now.model_dump(mode="json")))
    assert read_figures(path).results.evaluate == now.results.evaluate
    assert read_run(path) == this_run(inputs)


def test_summary_of_version_3_is_read(tmp_path: Path) -> None:
    now, path = make_report(report_inputs()).summary, tmp_path / "summary.json"
    verdict = {"outcome": "good", "sentence": "Ship it.", "advice": "Adopt it.", "reasons": []}
    old = {**now.model_dump(mode="json"), "schema_version": 3, "verdict": verdict}
    del old["decision"], old["facts"]
    write_json(path, old)
    assert read_run(path) == this_run(report_inputs())
    assert read_results(path).results == now.results
    assert read_record(path, SummaryFigures).verdict == ReportVerdict(
        outcome="good", sentence="Ship it."
    )


def test_what_else_a_summary_holds_does_not_matter(tmp_path: Path) -> None:
    summary = make_report(report_inputs()).summary.model_dump(mode="json")
    path = tmp_path / "summary.json"
    write_json(path, {**summary, "results": {**summary["results"], "sweep": "of another version"}})
    assert read_run(path) == this_run(report_inputs())


def test_reference_of_version_2_is_read_without_classes(before: Reference, tmp_path: Path) -> None:
    path = tmp_path / "reference.json"
    write_json(path, as_version_2(before.model_dump(mode="json")))
    read = read_reference(path)
    unknown = before.optimized.model_copy(update={"balance": None, "worst_class": None})
    assert read == before.model_copy(update={"optimized": unknown})


@pytest.mark.parametrize("confusion", [[[1, 2], [3]], [["a"]], [], [[0, 0], [0, 0]], [1, 2]])
def test_damaged_summary_of_version_2_is_refused(confusion: Any, tmp_path: Path) -> None:
    old = as_version_2(make_report(report_inputs()).summary.model_dump(mode="json"))
    path = tmp_path / "summary.json"
    write_json(
        path, with_value(old, "results", "evaluate", "variants", FINAL, "confusion", value=confusion)
    )
    with pytest.raises(DataError, match=r"cannot be converted from version 2: .* Restore the file"):
        read_figures(path)


def rows_of(inputs: ReportInputs) -> tuple[headline.Row, ...]:
    return headline.build(inputs).rows


def test_headline_sets_baseline_against_optimized() -> None:
    rows = rows_of(
        with_value(report_inputs(), "results", "evaluate", "gain", value=paired_counts(30, 10, 1000))
    )
    assert [row.name for row in rows] == [
        "Test accuracy", "Balanced accuracy", "Worst class", "Keras model", "TFLite model", "TFLite model, gzip",
        "Median latency"
    ]  # fmt: skip
    assert rows[0].change == headline.Cell("+2.00 points", "+0.73 to +3.26")
    assert (rows[4].baseline.value, rows[4].optimized.value) == (count(903_420), count(96_248))
    assert [row.change.value for row in rows[3:]] == [
        "7.4 times smaller", "9.4 times smaller", "10.4 times smaller", "2.5 times faster"
    ]  # fmt: skip
    assert [row.since for row in rows] == [None] * 7


def test_headline_names_the_worst_class_of_each_with_its_interval_and_images() -> None:
    balanced, worst = rows_of(report_inputs())[1:3]
    variant = report_inputs().final_variant
    recall, num_images = variant.balance.worst.recall, variant.balance.worst.num_images
    assert worst.optimized == headline.Cell(
        percent(recall.value),
        f"{variant.worst_name} ({num_images} images), {percent(recall.low)} to {percent(recall.high)}",
    )
    assert balanced.optimized.value == percent(variant.balance.accuracy.value)
    before = report_inputs().results.evaluate.variants["baseline-keras"].balance
    assert (
        balanced.change.value
        == f"{points(variant.balance.accuracy.value - before.accuracy.value)} points"
    )


def test_reference_that_knows_no_classes_leaves_dashes(before: Reference) -> None:
    older = with_value(before, "optimized", "balance", value=None)
    older = with_value(older, "optimized", "worst_class", value=None)
    other_run = with_value(older, "inputs", value={"a": "b"})
    rows = rows_of(dataclasses.replace(report_inputs(), reference=other_run))
    assert [row.since for row in rows[1:3]] == [headline.Cell("\u2013")] * 2


@pytest.mark.parametrize(
    ("median", "p90", "value", "detail"),
    [
        (0.085, 0.095, "within spread", "+2.4\u00a0% from 0.083"),
        (0.085, 0.0855, "within spread", "+2.4\u00a0% from 0.083"),
        (0.166, 0.17, "+100.0\u00a0%", "from 0.083"),
        (0.083, 0.1, "the same", "from 0.083"),
    ],
)
def test_latency_that_differs_by_less_than_its_spread_is_no_change(
    before: Reference, median: float, p90: float, value: str, detail: str
) -> None:
    timed = {"median_ms": median, "p90_ms": p90, "p99_ms": 1.0}
    latency = before.latency.model_copy(update=timed)
    inputs = with_value(report_inputs(), "results", "latency", "variants", FINAL, value=latency)
    other_run = with_value(before, "inputs", value={"a": "b"})
    rows = rows_of(dataclasses.replace(inputs, reference=other_run))
    assert rows[-1].since == headline.Cell(value, detail)


def steps(**changed: dict[str, Any]) -> dict[str, Provenance]:
    record = report_inputs().provenance["prune"]
    return {step: record.model_copy(update=values) for step, values in changed.items()}


def test_versions_that_differ_name_their_steps() -> None:
    records = steps(a={"versions": {"numpy": "2.0"}}, b={"versions": {"numpy": "2.1"}})
    assert versions(records) == {"numpy": "2.0 (a); 2.1 (b)"}


def test_hosts_are_one_value_whichever_step_ran_where() -> None:
    host = report_inputs().provenance["prune"].host
    other = host.model_copy(update={"cores": 4})
    one, turned = (
        hosts_together(steps(a={"host": first}, b={"host": second}))
        for first, second in ((host, other), (other, host))
    )
    assert one == turned == {"hosts": f"{host.words}; {other.words}"}


def test_parameters_are_named_by_their_place_and_differing_steps_are_distinguished() -> None:
    swept = {"params": {"rungs": [{"epochs": 4}]}, "device": {"max_macs": 1}, "seed": 7}
    evaluated = {"params": {}, "device": {"max_macs": 2}}
    records = steps(sweep={"parameters": swept}, evaluate={"parameters": evaluated})
    assert flat_parameters(records) == {
        "device.max_macs": "1 (sweep); 2 (evaluate)",
        "evaluate": "{}",
        "seed": "7",
        "sweep.rungs": '[{"epochs": 4}]',
    }
    assert seeds(records) == "7"
