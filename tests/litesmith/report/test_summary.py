"""Tests of litesmith.report.summary: what machines read is whole, valid, and safe in a page."""

import dataclasses
import json
from pathlib import Path
from typing import Any

import jsonschema
import pytest

from litesmith.report import summary as summary_module
from litesmith.report.inputs import ReportInputs
from litesmith.report.page import make_report
from litesmith.report.summary import script_text
from tests.litesmith.report.report_inputs import FINAL, report_inputs, with_value, without

pytestmark = pytest.mark.usefixtures("undrawn")

SCHEMA = json.loads((Path(summary_module.__file__).with_name("summary.schema.json")).read_text())


def summary_of(inputs: ReportInputs) -> Any:
    """Return the summary as a reader gets it, valid by the schema."""
    read = json.loads(json.dumps(make_report(inputs).summary, allow_nan=False))
    jsonschema.Draft202012Validator(SCHEMA).validate(read)
    return read


def test_schema_is_one() -> None:
    jsonschema.Draft202012Validator.check_schema(SCHEMA)


def test_schema_refuses_what_is_no_summary() -> None:
    summary = dict(make_report(report_inputs()).summary)
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
        (("derived", "training"), {}),
        (("derived", "training", "total_cpu_s"), "many"),
        (("derived", "sweep", "frontiers", "bytes", 0, "points", 0, "standing"), "ahead"),
        (("derived", "sweep", "importances", 0), {"name": "width"}),
        (("derived", "compression", "agreements", FINAL), 1.5),
        (("derived", "errors", "classes", 0, "f1"), 0.9),
        (("derived", "errors", "calibration", FINAL), {}),
        (("derived", "errors", "flips", FINAL, "right_to_wrong"), -1),
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
def test_schema_holds_what_readers_rely_on_in_results_and_derived(
    path: tuple[Any, ...], wrong: Any
) -> None:
    summary = summary_of(report_inputs())
    with pytest.raises(jsonschema.ValidationError):
        jsonschema.Draft202012Validator(SCHEMA).validate(with_value(summary, *path, value=wrong))


def test_summary_holds_the_numbers_of_the_page() -> None:
    inputs = report_inputs()
    summary = summary_of(inputs)
    assert summary["headline"]["optimized"] == {
        "variant": FINAL,
        "accuracy": inputs.results["evaluate"]["variants"][FINAL]["accuracy"],
        "accuracy_interval": inputs.results["evaluate"]["variants"][FINAL]["accuracy_interval"],
        "keras_bytes": 369_840,
        "tflite_bytes": 96_248,
        "gzip_bytes": 80_116,
        "median_latency_ms": 0.083,
    }
    assert summary["results"]["sweep"] == inputs.results["sweep"]
    assert summary["budget"][0] == {
        "limit": "max_tflite_bytes", "name": "int8 file", "unit": "bytes",
        "value": 96_248, "most": 100_000, "met": True,
    }  # fmt: skip
    assert summary["since_reference"] is None
    assert summary["verdict"]["outcome"] == "good"


def test_summary_holds_no_pictures() -> None:
    summary = summary_of(report_inputs())
    assert summary["results"]["validate"]["thumbnails"]["suspicious"][0].keys() == {
        "file",
        "row",
        "name",
        "reason",
    }


def test_summary_with_a_reference_is_valid_and_can_be_the_next_one() -> None:
    first = summary_of(report_inputs())
    second = summary_of(dataclasses.replace(report_inputs(), reference=first))
    third = summary_of(dataclasses.replace(report_inputs(), reference=second))
    assert third["since_reference"]["accuracy"] == {"mean": 0.0, "low": 0.0, "high": 0.0}
    assert len(json.dumps(third)) == len(json.dumps(second))


@pytest.mark.parametrize(
    "path",
    [("validate",), ("evaluate", "variants", FINAL), ("evaluate", "final"), ("sweep",), ("prepare",)],
)
def test_summary_of_less_is_valid(path: tuple[str, ...]) -> None:
    inputs = report_inputs()
    summary_of(dataclasses.replace(inputs, results=with_value(inputs.results, *path, value=None)))


def test_losses_that_left_the_numbers_are_null() -> None:
    inputs = report_inputs()
    histories = {
        "baseline": {"epoch": [1.0, 2.0], "loss": [0.5, float("nan")], "val_loss": [0.5, float("inf")]}
    }
    summary = summary_of(dataclasses.replace(inputs, histories=histories))
    assert summary["histories"]["baseline"]["loss"] == [0.5, None]
    assert summary["histories"]["baseline"]["val_loss"] == [0.5, None]


def test_nothing_in_the_json_can_end_its_element() -> None:
    text = str(script_text({"</script><!--": "]]>&'\u2028"}))
    assert not set("<>&'\u2028") & set(text)
    assert json.loads(text) == {"</script><!--": "]]>&'\u2028"}
