"""Tests of litesmith.report.sections.errors.figures."""

import numpy as np
import pytest

from litesmith.analysis.intervals import class_estimates
from litesmith.analysis.rejection import rejection
from litesmith.analysis.reliability import reliability
from litesmith.report.sections.errors.figures import draw_classes, draw_rejection, draw_reliability
from litesmith.report.svg import svg_text

BINS = reliability(np.arange(100) % 3 > 0, np.linspace(0.3, 1, 100), 10, 0.95)
CLASSES = class_estimates(np.array([[8, 2, 0], [0, 9, 0], [0, 0, 0]]), ["<bag>", "coat", "dress"], 0.9)


@pytest.mark.parametrize(
    "word", ["accuracy, %", "confidence, %", "images", "right as often as it says", "tuned-int8"]
)
def test_reliability_bears_axes_with_units_and_models_as_text(word: str) -> None:
    figure = draw_reliability({"tuned-int8": BINS, "baseline-keras": BINS})
    assert f">{word}</text>" in svg_text(figure, "reliability", "")


@pytest.mark.parametrize(
    "word", ["F1 by class", "F1, %, with its 90 % interval", "&lt;bag&gt;", "dress", "tuned-int8"]
)
def test_classes_bear_title_unit_names_and_models_as_text(word: str) -> None:
    figure = draw_classes({"tuned-int8": CLASSES, "baseline-keras": CLASSES}, 0.9)
    assert f">{word}</text>" in svg_text(figure, "classes", "")


@pytest.mark.parametrize(
    "word", ["accuracy of what is answered, %", "rejected as unsure, % of all images", "tuned-int8"]
)
def test_rejection_bears_axes_with_units_and_models_as_text(word: str) -> None:
    curve = rejection(np.arange(100) % 3 > 0, np.linspace(0.3, 1, 100), [0.1, 0.5], 0.95)
    figure = draw_rejection({"baseline-keras": curve, "tuned-int8": curve})
    assert f">{word}</text>" in svg_text(figure, "rejection", "")
