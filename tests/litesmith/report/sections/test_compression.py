"""Tests of litesmith.report.sections.compression.section."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from litesmith.report.drawing import Captioned
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Record
from litesmith.report.sections.compression import section as compression
from tests.litesmith.report.report_inputs import FINAL, report_inputs, without


def test_ablation_is_measured_against_the_winner() -> None:
    rows = compression.ablation(Records(report_inputs()))
    assert [round(row.change, 4) for row in rows] == [0, 0.0002, -0.0026, -0.0012]


def test_agreement_is_with_the_parent_and_a_keras_model_has_none() -> None:
    inputs = report_inputs()
    found = compression.agreements(inputs.predictions, Records(inputs)["evaluate"]["variants"])
    said = inputs.predictions.predicted
    assert found[FINAL] == pytest.approx(np.mean(said[FINAL] == said["tuned-keras"]))
    assert found["tuned-keras"] is None


def test_agreement_with_a_parent_that_did_not_answer_is_absent() -> None:
    inputs = report_inputs()
    said = without(dict(inputs.predictions.predicted), "tuned-keras")
    predictions = dataclasses.replace(inputs.predictions, predicted=said)
    found = compression.agreements(predictions, Records(inputs)["evaluate"]["variants"])
    assert found[FINAL].reason == "the predictions hold no tuned-keras"


def test_sparsity_is_matched_layer_by_layer() -> None:
    rows = compression.sparsity_rows(Records(report_inputs()))
    assert [(row.record["name"], row.quantized) for row in rows] == [
        (f"stage{n}_conv", 0.62) for n in (1, 2, 3)
    ]


def test_layer_that_the_file_does_not_name_is_absent() -> None:
    inputs = report_inputs()
    results = without(inputs.results, "convert", "files", "pruned-int8", "sparsity", "layers", 1)
    rows = compression.sparsity_rows(Records(dataclasses.replace(inputs, results=results)))
    assert rows[1].quantized.reason == "the file pruned-int8 recorded no layer of that name"


def test_reason_for_no_loss_is_given_once_with_all_that_it_holds_for() -> None:
    variants = {
        "a-int8": {"precision": "int8", "loss_reason": "steps"},
        "b-int8": {"precision": "int8", "loss_reason": "steps"},
        "a-int4": {"precision": "int4", "loss_reason": "steps"},
        "a-keras": {"precision": "float32"},
    }
    assert compression.no_loss(Record(variants, "", {})) == {"steps": "int8 and int4"}
    del variants["a-int4"]["precision"]
    assert compression.no_loss(Record(variants, "", {})) == {"steps": "int8 and a-int4"}


def test_facts_are_of_the_files_alone() -> None:
    facts = compression.file_facts(Records(report_inputs()))
    assert len(facts) == 10 and [one.name for one in facts if one.final] == [FINAL]
    assert all(one.latency_ms is not None and one.accuracy is not None for one in facts)


def test_each_model_stands_beside_its_int8_file() -> None:
    tuned, pruned, qat = compression.quantized_rows(Records(report_inputs()))
    assert (tuned.name, tuned.change, pruned.name, qat.name) == ("tuned", None, "pruned", "qat")
    assert (round(qat.change, 4), round(qat.lost, 4)) == (-0.0003, 0.0001)
    assert qat.file["bytes"] == 96_304


def test_a_model_without_an_int8_file_says_so() -> None:
    inputs = report_inputs()
    results = without(inputs.results, "convert", "files", "qat-int8")
    row = compression.quantized_rows(Records(dataclasses.replace(inputs, results=results)))[-1]
    assert row.lost.reason == "the results of convert holds no files.qat-int8"


def without_keys(content: Any, *keys: str) -> Any:
    """Return a copy of ``content`` that holds none of ``keys`` at any depth."""
    if isinstance(content, dict):
        return {key: without_keys(value, *keys) for key, value in content.items() if key not in keys}
    return [without_keys(value, *keys) for value in content] if isinstance(content, list) else content


def figure_of(inputs: ReportInputs, name: str) -> Captioned:
    found = compression.shown(Records(inputs), inputs)[name]
    assert isinstance(found, Captioned)
    return found


def test_sparsity_is_drawn_as_far_as_it_is_recorded() -> None:
    inputs = report_inputs()
    some = dataclasses.replace(inputs, results=without_keys(inputs.results, "asked"))
    found = figure_of(some, "sparsity_figure")
    assert found.caption == "Not shown, as none was recorded: what was asked."
    assert ">asked</text>" not in found.figure and ">reached, Keras model</text>" in found.figure
    none = dataclasses.replace(
        inputs, results=without_keys(inputs.results, "asked", "reached", "sparsity")
    )
    assert (
        figure_of(none, "sparsity_figure").figure.reason
        == "no sparsity of a layer of the pruned model is recorded"
    )


def test_files_are_drawn_as_far_as_they_were_measured() -> None:
    inputs = dataclasses.replace(report_inputs(), latency={})
    found = figure_of(inputs, "file_figure")
    assert (
        found.caption == "Not shown, as none was recorded: latency."
        and "latency, ms" not in found.figure
    )
    none = dataclasses.replace(
        inputs, results=without_keys(inputs.results, "accuracy", "bytes", "gzip_bytes")
    )
    assert (
        figure_of(none, "file_figure").figure.reason
        == "no .tflite file recorded accuracy, bytes or latency"
    )
