"""Tests of litesmith.report.sections.errors.section."""

import dataclasses
import json

import numpy as np
import pytest

from litesmith.analysis.flips import find_flips
from litesmith.report.inputs import Predictions, Records
from litesmith.report.records import Absent
from litesmith.report.sections.errors import section as errors
from tests.litesmith.report.report_inputs import CLASS_NAMES, FINAL, report_inputs, with_value


def test_confused_pairs_are_the_most_frequent_mistakes() -> None:
    confusion = [[8, 2, 0], [1, 9, 0], [0, 5, 5]]
    said = report_inputs().predictions
    first, second = errors.confused_pairs(confusion, ["a", "b", "c"], 2, said, "not among them", 4)
    assert first == errors.ConfusedPair("c", "b", 5, 0.5)
    assert second == errors.ConfusedPair("a", "b", 2, 0.2)


def test_pairs_bear_the_surest_pictures_of_just_that_mistake() -> None:
    inputs = report_inputs()
    confusion = inputs.results["evaluate"]["variants"][FINAL]["confusion"]
    pairs = errors.confused_pairs(confusion, CLASS_NAMES, 5, inputs.predictions, FINAL, 2)
    shown = [one for one in pairs if one.pictures]
    assert shown and all(len(one.pictures) <= 2 for one in pairs)
    for pair in shown:
        assert {(one.actual, one.predicted) for one in pair.pictures} == {(pair.actual, pair.predicted)}
        assert pair.pictures[0].confidence >= pair.pictures[-1].confidence


def test_matrix_shades_the_diagonal_by_row_and_mistakes_by_the_largest() -> None:
    found = errors.matrix([[8, 2], [4, 6]], ["a", "b"])
    assert [[cell.heat for cell in row] for row in found.rows] == [[0.8, 0.5], [1.0, 0.6]]
    assert [[cell.right for cell in row] for row in found.rows] == [[True, False], [False, True]]
    assert [[cell.share for cell in row] for row in found.rows] == [[0.8, 0.2], [0.4, 0.6]]


def test_matrix_of_other_classes_is_refused_with_both_sizes() -> None:
    assert (
        errors.matrix([[1]], ["a", "b"]).reason
        == "the confusion matrix is (1, 1) and there are 2 classes"
    )


def test_matrices_are_those_of_final_parent_and_baseline() -> None:
    inputs = report_inputs()
    assert list(errors.shown(Records(inputs), inputs)["matrices"]) == [
        FINAL,
        "tuned-keras",
        "baseline-keras",
    ]


def test_classes_have_intervals_if_their_confusion_is_recorded() -> None:
    first, _ = errors.classes([[8, 2], [4, 6]], ["a", "b"])
    assert first.recall.low < 0.8 == first.recall.value < first.recall.high
    assert errors.classes(Absent("not recorded"), ["a", "b"]).reason == "not recorded"


def test_mistakes_are_the_surest_first() -> None:
    inputs = report_inputs()
    shown = errors.mistakes(inputs.predictions, FINAL, inputs.class_names)
    assert len(shown) == len(inputs.predictions.error_rows)
    assert [one.confidence for one in shown] == sorted((one.confidence for one in shown), reverse=True)
    assert all(one.actual != one.predicted for one in shown)


def test_mistakes_of_who_did_not_answer_are_none() -> None:
    assert errors.mistakes(report_inputs().predictions, "other", CLASS_NAMES) == []


def test_calibration_is_that_of_each_variant_whose_confidence_is_known() -> None:
    said = report_inputs().predictions
    (found,) = errors.calibrations(said, [FINAL], 15)
    assert found.accuracy == pytest.approx(np.mean(said.predicted[FINAL] == said.labels))
    assert found.confidence == pytest.approx(0.675, abs=0.001) and 0.2 < found.error < 0.4
    unknown = dataclasses.replace(said, confidence={})
    assert errors.calibrations(unknown, [FINAL], 15).reason == "the predictions hold no confidence"


def test_flips_are_against_the_model_that_a_file_was_made_of() -> None:
    inputs = report_inputs()
    found = errors.flips(inputs.predictions, Records(inputs)["evaluate"]["variants"])
    said = inputs.predictions.predicted
    assert list(found) == [name for name in said if not name.endswith("keras")]
    assert found[FINAL].num_changed == np.count_nonzero(said[FINAL] != said["tuned-keras"])


def test_flipped_pictures_show_both_answers() -> None:
    labels = np.array([0, 0, 1, 1, 2], np.uint8)
    predicted = {
        "keras": np.array([0, 1, 1, 2, 1], np.uint8),
        "int8": np.array([1, 0, 1, 0, 1], np.uint8),
    }
    confidence = {name: np.linspace(0.5, 0.9, 5) for name in predicted}
    said = Predictions(
        labels, predicted, confidence, np.array([0, 1, 3, 4]), np.zeros((4, 2, 2), np.uint8)
    )
    found = find_flips(labels, predicted["keras"], predicted["int8"])
    shown = errors.flipped(said, found, "keras", "int8", ["a", "b", "c"], 6)
    answers = {
        kind: [(p.before.row, p.before.predicted, p.after.predicted) for p in all_]
        for kind, all_ in shown.items()
    }
    assert answers == {
        "right to wrong": [(0, "a", "b")],
        "wrong to right": [(1, "b", "a")],
        "wrong to other wrong": [(3, "c", "a")],
    }
    assert errors.flipped(said, None, "keras", "int8", ["a", "b", "c"], 6) == {}


def test_numbers_are_plain_and_agree_with_what_is_shown() -> None:
    inputs = report_inputs()
    records = Records(inputs)
    found = json.loads(json.dumps(errors.numbers(records, inputs)))
    values = errors.shown(records, inputs)
    assert found["calibration"][FINAL]["error"] == values["calibrated"][-1].error
    assert found["classes"][0]["f1"]["low"] == values["classes"][0].f1.low
    assert sum(found["flips"][FINAL].values()) == values["flips"][FINAL].num_changed


def test_figures_without_an_image_are_not_drawn() -> None:
    inputs = report_inputs()
    said = inputs.predictions
    none = {name: answers[:0] for name, answers in said.predicted.items()}
    inputs = dataclasses.replace(
        inputs,
        results=with_value(
            inputs.results, "evaluate", "variants", FINAL, "confusion", value=np.zeros((10, 10)).tolist()
        ),
        predictions=dataclasses.replace(said, labels=said.labels[:0], predicted=none, confidence=none),
    )
    found = errors.shown(Records(inputs), inputs)
    assert found["reliability_figure"].reason == "the predictions are of no image"
    assert found["class_figure"].reason.startswith("no class has an F1")
