"""Tests of litesmith.report.sections.errors.section."""

import dataclasses
import re

import numpy as np
import pytest

from litesmith.report.inputs import Predictions, ReportInputs
from litesmith.report.sections.errors.section import (
    SECTION,
    Gallery,
    build,
    confused_pairs,
    flipped,
    matrix,
    most_mistaken,
)
from tests.litesmith.report.report_inputs import CLASS_NAMES, FINAL, report_inputs, with_value

pytestmark = pytest.mark.usefixtures("undrawn")


def gallery_of(inputs: ReportInputs) -> Gallery:
    return Gallery(inputs.predictions, inputs.class_names)


def test_confused_pairs_are_the_most_frequent_mistakes() -> None:
    confusion = np.zeros((10, 10), int)
    confusion[:3, :3] = [[8, 2, 0], [1, 9, 0], [0, 5, 5]]
    inputs = with_value(report_inputs(), "params", "max_pairs", value=2)
    variant = inputs.final_variant.model_copy(update={"confusion": confusion.tolist()})
    inputs = with_value(inputs, "results", "evaluate", "variants", FINAL, value=variant)
    first, second = confused_pairs(inputs, gallery_of(inputs))
    assert (first.actual, first.predicted, first.num_images, first.share) == (
        CLASS_NAMES[2], CLASS_NAMES[1], 5, 0.5
    )  # fmt: skip
    assert (second.actual, second.predicted, second.num_images, second.share) == (
        CLASS_NAMES[0], CLASS_NAMES[1], 2, 0.2
    )  # fmt: skip


def test_pairs_bear_the_surest_pictures_of_just_that_mistake() -> None:
    inputs = with_value(report_inputs(), "params", "pair_pictures", value=2)
    pairs = confused_pairs(inputs, gallery_of(inputs))
    shown = [pair for pair in pairs if pair.pictures]
    assert shown and all(len(pair.pictures) <= 2 for pair in pairs)
    for pair in shown:
        assert {(picture.actual, picture.predicted) for picture in pair.pictures} == {
            (pair.actual, pair.predicted)
        }
        assert pair.pictures[0].confidence >= pair.pictures[-1].confidence


def test_matrix_shades_the_diagonal_by_row_and_mistakes_by_the_largest() -> None:
    rows = matrix(np.array([[8, 2], [4, 6]]), (0, 1))
    assert [[cell.heat for cell in row] for row in rows] == [[0.8, 0.5], [1.0, 0.6]]
    assert [[cell.right for cell in row] for row in rows] == [[True, False], [False, True]]
    assert [[cell.share for cell in row] for row in rows] == [[0.8, 0.2], [0.4, 0.6]]


def test_classes_with_the_most_mistakes_are_shown_with_the_shares_of_the_whole_row() -> None:
    counts = np.array([[9, 0, 0, 1], [0, 10, 0, 0], [0, 1, 5, 4], [0, 0, 3, 7]])
    assert most_mistaken(counts, 2) == (2, 3)
    assert most_mistaken(counts, 9) == (0, 1, 2, 3)
    rows = matrix(counts, (2, 3))
    assert [[cell.num_images for cell in row] for row in rows] == [[5, 4], [3, 7]]
    assert [[cell.share for cell in row] for row in rows] == [[0.5, 0.4], [0.3, 0.7]]


def test_many_classes_are_left_to_the_table() -> None:
    inputs = report_inputs()
    assert "classes with the most mistakes" not in SECTION.render(inputs)
    few = with_value(inputs, "params", "max_classes", value=3)
    page = SECTION.render(few)
    assert "the 3 of 10 classes with the most mistakes; the table has all." in page
    assert build(few).shown == tuple(
        CLASS_NAMES[label] for label in most_mistaken(np.array(inputs.final_variant.confusion), 3)
    )
    assert page.count("actual \\ predicted") == 6 and page.count('<tr><th scope="row">Sandal</th>') >= 1


def test_matrices_are_those_of_final_parent_and_baseline() -> None:
    assert list(build(report_inputs()).matrices) == [FINAL, "tuned-keras", "baseline-keras"]


def test_mistakes_are_the_surest_first_and_no_more_than_wanted() -> None:
    inputs = report_inputs()
    shown = build(inputs).mistakes
    assert len(shown) == inputs.params.max_thumbnails
    confidences = [picture.confidence for picture in shown]
    assert confidences == sorted(confidences, reverse=True)
    assert all(picture.actual != picture.predicted for picture in shown)
    everything = build(with_value(inputs, "params", "max_thumbnails", value=500)).mistakes
    assert len(everything) == len(inputs.predictions.error_rows)


def test_calibration_names_its_bins_and_its_models() -> None:
    section = build(report_inputs())
    assert section.num_bins == 15
    assert list(section.inputs.results.evaluate.calibration) == ["baseline-keras", "tuned-keras", FINAL]
    assert "over 15 bins of confidence" in SECTION.render(report_inputs())


def test_flips_are_those_of_the_evaluation() -> None:
    inputs = report_inputs()
    predicted, flips = inputs.predictions.predicted, build(inputs).inputs.results.evaluate.flips
    assert list(flips) == [name for name in predicted if not name.endswith("keras")]
    changed = np.count_nonzero(predicted[FINAL] != predicted["tuned-keras"])
    assert flips[FINAL].num_changed == changed
    assert f'{FINAL}</th><td class="number">{changed}</td>' in SECTION.render(inputs)


def test_flipped_pictures_show_both_answers() -> None:
    predicted = {
        "tuned-keras": np.array([0, 1, 1, 2, 1], np.uint8),
        FINAL: np.array([1, 0, 1, 0, 1], np.uint8),
    }
    predictions = Predictions(
        labels=np.array([0, 0, 1, 1, 2], np.uint8),
        predicted=predicted,
        confidence={name: np.linspace(0.5, 0.9, 5, dtype=np.float32) for name in predicted},
        error_rows=np.array([0, 1, 3, 4]),
        error_images=np.zeros((4, 2, 2, 1), np.uint8),
    )
    inputs = dataclasses.replace(report_inputs(), predictions=predictions)
    inputs = with_value(inputs, "form", "class_names", value=("a", "b", "c"))
    inputs = with_value(inputs, "params", "max_thumbnails", value=6)
    answers = {
        kind: [(before.row, before.predicted, after.predicted) for before, after in pairs]
        for kind, pairs in flipped(inputs, gallery_of(inputs)).items()
    }
    assert answers == {
        "right to wrong": [(0, "a", "b")],
        "wrong to right": [(1, "b", "a")],
        "wrong to other wrong": [(3, "c", "a")],
    }


def test_no_pictures_of_mistakes_are_said_to_be_missing() -> None:
    none = with_value(report_inputs(), "params", "max_thumbnails", value=0)
    assert "No picture of a mistake was kept." in SECTION.render(none)
    assert "No picture of a mistake was kept." not in SECTION.render(report_inputs())


@pytest.mark.usefixtures("undrawn")
def test_unsure_answers_are_rejected_with_thresholds_that_are_not_to_be_used() -> None:
    page = SECTION.render(report_inputs())
    table = page[page.index('aria-label="Accuracy of what is answered"') :].partition("</table>")[0]
    rows = [re.sub(r"<[^>]+>", " ", row).split() for row in table.split("<tr")[2:]]
    points = (report_inputs().results.evaluate.rejection or {})[FINAL].points
    assert len(rows) == len(points) == 6
    for row, point in zip(rows, points, strict=True):
        assert f"{100 * point.rejected:.1f}" in row and f"{100 * point.accuracy.value:.2f}" in row
        assert row[-1] == f"{100 * point.threshold:.1f}"
    assert "must be chosen on validation images, never from this table" in page


@pytest.mark.usefixtures("undrawn")
def test_a_result_of_an_earlier_version_has_no_rejection() -> None:
    inputs = with_value(report_inputs(), "results", "evaluate", "rejection", value=None)
    assert "Rejecting unsure answers" not in SECTION.render(inputs)
