"""Tests of litesmith.report.compression."""

import dataclasses

import numpy as np
import pytest

from litesmith.report import compression
from litesmith.report.inputs import Records
from litesmith.report.records import Record
from tests.litesmith.report_inputs import FINAL, report_inputs, without


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
    assert [(row.record["name"], row.quantized) for row in rows] == [(f"stage{n}_conv", 0.62) for n in (1, 2, 3)]


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
