"""Tests of litesmith.report.summary: what machines read is whole, valid, and safe in a page."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from litesmith.analysis.paired import paired_counts
from litesmith.errors import ContractError
from litesmith.files import write_text
from litesmith.records.record import parse_record
from litesmith.records.summary import Reference, Summary
from litesmith.report.inputs import ReportInputs
from litesmith.report.page import make_report, script_text
from litesmith.report.reference import this_run
from tasks.commands.generated import FILES
from tests.litesmith.report.report_inputs import FINAL, report_inputs, with_value, without

pytestmark = pytest.mark.usefixtures("undrawn")

PROJECT = Path(__file__).parents[3]
SCHEMA = json.loads((PROJECT / FILES["schema"].path).read_text())


def summary_of(inputs: ReportInputs) -> Any:
    """Return the summary as a reader gets it, valid by the schema and by the type."""
    text = make_report(inputs).summary.model_dump_json()
    read = json.loads(text)
    jsonschema.Draft202012Validator(SCHEMA).validate(read)
    parse_record(text, Summary, "the summary")
    return read


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_schema_is_that_of_the_type(tmp_path: Path) -> None:
    schema = FILES["schema"]
    schema.check(PROJECT)
    with pytest.raises(ContractError, match=r"is not the schema of .*`python -m tasks schema`"):
        schema.check(tmp_path)
    schema.write(tmp_path)
    schema.check(tmp_path)
    write_text(tmp_path / schema.path, "{}")
    with pytest.raises(ContractError):
        schema.check(tmp_path)


def test_schema_refuses_what_is_no_summary() -> None:
    summary = summary_of(report_inputs())
    for wrong in (
        {**summary, "schema_version": 2},
        {**summary, "more": 1},
        without(summary, "headline", "gain"),
    ):
        with pytest.raises(jsonschema.ValidationError):
            jsonschema.Draft202012Validator(SCHEMA).validate(wrong)


@pytest.mark.parametrize(
    ("path", "wrong"),
    [
        (("provenance", "sweep"), {}),
        (("provenance", "sweep", "cpu_s"), "many"),
        (("results", "sweep", "frontiers", 0, "points", 0, "standing"), "ahead"),
        (("results", "sweep", "importances", 0), {"name": "width"}),
        (("results", "evaluate", "variants", FINAL, "accuracy"), 1.5),
        (("results", "evaluate", "variants", FINAL, "per_class", 0, "f1"), 0.9),
        (("results", "evaluate", "calibration", FINAL), {}),
        (("results", "evaluate", "flips", FINAL, "right_to_wrong"), "none"),
        (("results", "validate", "passed"), "yes"),
        (("results", "prepare", "splits", "test", "num_images"), "many"),
        (("results", "sweep"), []),
        (("results", "sweep", "trials", 0, "rungs"), {}),
        (("results", "convert", "files", FINAL, "checks", 0, "passed"), 1),
        (("results", "evaluate", "variants", FINAL, "accuracy"), 93.5),
        (("results", "evaluate", "variants", FINAL, "confusion", 0), "none"),
        (("results", "evaluate", "final"), 3),
    ],
)
def test_schema_holds_what_readers_rely_on(path: tuple[Any, ...], wrong: Any) -> None:
    summary = summary_of(report_inputs())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(with_value(summary, *path, value=wrong))


def test_summary_holds_the_numbers_of_the_page() -> None:
    inputs = report_inputs()
    summary = summary_of(inputs)
    variant = inputs.results.evaluate.variants[FINAL]
    assert summary["headline"]["optimized"] == {
        "variant": FINAL,
        "accuracy": variant.accuracy,
        "accuracy_interval": list(variant.accuracy_interval),
        "balance": json.loads(json.dumps(asdict(variant.balance))),
        "worst_class": variant.worst_name,
        "keras_bytes": 369_840,
        "tflite_bytes": 96_248,
        "gzip_bytes": 80_116,
        "median_latency_ms": 0.083,
    }
    assert summary["headline"]["gain"] == {
        "mean": inputs.results.evaluate.gain.mean,
        "low": inputs.results.evaluate.gain.low,
        "high": inputs.results.evaluate.gain.high,
    }
    assert summary["results"]["sweep"] == inputs.results.sweep.model_dump(mode="json")
    assert summary["results"]["evaluate"]["limits"][0] == {
        "name": "max_tflite_bytes", "label": "int8 file", "unit": "bytes", "limit": 100_000,
        "measured": 96_248, "met": True, "reason": None
    }  # fmt: skip
    assert summary["since_reference"] is None
    assert summary["verdict"]["outcome"] == "good"
    assert summary["verdict"]["sentence"] == summary["decision"]["headline"] == inputs.decision.headline
    assert summary["decision"]["outcome"] == "promote"
    assert summary["decision"]["gates"] == [
        reason.model_dump(mode="json") for reason in inputs.decision.reasons
    ]
    assert {fact["topic"] for fact in summary["facts"]} >= {"Accuracy", "Classes", "Budget"}


def test_summary_holds_no_pictures() -> None:
    thumbnails = summary_of(report_inputs())["results"]["validate"]["thumbnails"]
    (odd,) = thumbnails["suspicious"]
    assert odd == {
        "file": "base/train[77]", "row": 77, "name": "class 1", "reason": "darkest: mean pixel 0.010", "image": ""
    }  # fmt: skip
    assert {picture["image"] for picture in (*thumbnails["classes"], *thumbnails["mislabelled"])} == {""}


def test_summary_with_a_reference_is_valid() -> None:
    reference: Reference = with_value(this_run(report_inputs()), "inputs", value={"a": "b"})
    summary = summary_of(with_value(report_inputs(), "reference", value=reference))
    same = paired_counts(0, 0, 1000)
    assert summary["since_reference"]["accuracy"] == {"mean": 0.0, "low": same.low, "high": same.high}
    assert summary["since_reference"]["final"] == FINAL


def test_losses_that_left_the_numbers_are_null() -> None:
    history = {"epoch": (1.0, 2.0), "loss": (0.5, float("nan")), "val_loss": (0.5, float("inf"))}
    full = report_inputs().histories["baseline"]
    inputs = with_value(report_inputs(), "histories", "baseline", value={**full, **history})
    summary = summary_of(inputs)
    assert summary["histories"]["baseline"]["loss"] == [0.5, None]
    assert summary["histories"]["baseline"]["val_loss"] == [0.5, None]


def test_nothing_in_the_json_can_end_its_element() -> None:
    hostile = "</script><!--]]>&'\u2028"
    summary = make_report(report_inputs()).summary
    text = str(script_text(with_value(summary, "dataset", "name", value=hostile)))
    assert not set("<>&'\u2028") & set(text)
    assert json.loads(text)["dataset"]["name"] == hostile
