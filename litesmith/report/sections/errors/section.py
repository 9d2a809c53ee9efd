"""Errors: confusion, classes, pictures, calibration, and what conversion flipped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from litesmith.analysis.flips import find_flips
from litesmith.analysis.intervals import CONFIDENCE
from litesmith.analysis.rejection import Rejection
from litesmith.analysis.reliability import Calibration
from litesmith.report import drawing
from litesmith.report.drawing import png_uri
from litesmith.report.inputs import BASELINE, Predictions, ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.errors.figures import (
    draw_classes,
    draw_rejection,
    draw_reliability,
)


@dataclass(frozen=True)
class Picture:
    """A test image as a PNG data URI, with one model's answer."""

    row: int
    source: str
    actual: str
    predicted: str
    confidence: float


@dataclass(frozen=True)
class ConfusedPair:
    """A class that is often taken for another, with pictures."""

    actual: str
    predicted: str
    num_images: int
    share: float
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class MatrixCell:
    """A cell of a confusion matrix.

    Attributes:
        num_images: Images of the row's class predicted as the column's.
        share: That, as a share of the row's images, 0 to 1.
        heat: 0 to 1: on the diagonal the share; elsewhere the count as a share of the largest mistake.
        right: Whether it lies on the diagonal.
    """

    num_images: int
    share: float
    heat: float
    right: bool


Matrix = tuple[tuple[MatrixCell, ...], ...]
"""A confusion matrix: for each actual class its cells by predicted class."""


@dataclass(frozen=True)
class ErrorsSection:
    """What the section shows.

    Attributes:
        shown: Names of the classes in matrices and figure, those with the most mistakes if many.
        matrices: Of the final file, the Keras model that it was converted from and the baseline.
        pairs: The most frequent mistakes.
        mistakes: Wrong answers with the highest confidence.
        num_bins: Bins of confidence, empty ones included.
        rejection: Accuracy of the final file where unsure answers are rejected; None if not recorded.
        rejection_figure: The same, beside the baseline's.
        flipped: Images with other answers of the final file and its Keras model, by kind.
    """

    inputs: ReportInputs
    shown: tuple[str, ...]
    matrices: Mapping[str, Matrix]
    class_figure: Markup
    pairs: tuple[ConfusedPair, ...]
    mistakes: tuple[Picture, ...]
    num_bins: int
    reliability_figure: Markup
    rejection: Rejection | None
    rejection_figure: Markup
    flipped: Mapping[str, tuple[tuple[Picture, Picture], ...]]


def build(inputs: ReportInputs) -> ErrorsSection:
    """Return what the section shows."""
    evaluated, gallery = inputs.results.evaluate, Gallery(inputs.predictions, inputs.class_names)
    shown = dict.fromkeys((inputs.final, inputs.parent, BASELINE))
    wrong = inputs.predictions.predicted[inputs.final] != inputs.predictions.labels
    first_bin = next(iter(evaluated.calibration.values())).bins[0]
    classes = most_mistaken(np.array(inputs.final_variant.confusion), inputs.params.max_classes)
    return ErrorsSection(
        inputs=inputs,
        shown=tuple(inputs.class_names[label] for label in classes),
        matrices={name: matrix(np.array(evaluated.variants[name].confusion), classes) for name in shown},
        class_figure=_class_figure(inputs, classes),
        pairs=confused_pairs(inputs, gallery),
        mistakes=gallery.pictures(inputs.final, np.flatnonzero(wrong), inputs.params.max_thumbnails),
        num_bins=round(1 / (first_bin.high - first_bin.low)),
        reliability_figure=_reliability_figure(evaluated.calibration),
        rejection=(evaluated.rejection or {}).get(inputs.final),
        rejection_figure=_rejection_figure(evaluated.rejection or {}),
        flipped=flipped(inputs, gallery),
    )


def most_mistaken(counts: NDArray[np.int_], most: int) -> tuple[int, ...]:
    """Return the classes with the most mistakes, at most ``most``, in their order.

    ``counts`` are (classes, classes), rows actual and columns predicted. A mistake counts for the class
    that it is of and for the one that it was taken for.
    """
    wrong = counts.sum(axis=0) + counts.sum(axis=1) - 2 * np.diag(counts)
    return tuple(sorted(np.argsort(-wrong, kind="stable")[:most].tolist()))


def matrix(counts: NDArray[np.int_], shown: Sequence[int]) -> Matrix:
    """Prepare a confusion matrix for shading.

    Args:
        counts: (classes, classes), rows actual and columns predicted.
        shown: Which classes to show.
    """
    wrong = counts - np.diag(np.diag(counts))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    heats = np.where(np.eye(len(counts)) == 1, shares, wrong / max(wrong.max(), 1))
    return tuple(
        tuple(
            MatrixCell(int(n), float(shares[i, j]), round(float(heats[i, j]), 2), i == j)
            for j, n in enumerate(row)
            if j in shown
        )
        for i, row in enumerate(counts)
        if i in shown
    )


@dataclass(frozen=True)
class Gallery:
    """The images of mistakes."""

    predictions: Predictions
    class_names: Sequence[str]

    def picture(self, variant: str, row: int) -> Picture:
        """Return the image of a test row with a variant's answer."""
        answers = self.predictions
        return Picture(
            row,
            png_uri(answers.error_images[int(np.searchsorted(answers.error_rows, row))]),
            self.class_names[answers.labels[row]],
            self.class_names[answers.predicted[variant][row]],
            float(answers.confidence[variant][row]),
        )

    def pictures(self, variant: str, rows: NDArray[np.intp], most: int) -> tuple[Picture, ...]:
        """Return rows (k,) with an image, the highest confidence first."""
        there = rows[np.isin(rows, self.predictions.error_rows)]
        order = np.argsort(-self.predictions.confidence[variant][there], kind="stable")
        return tuple(self.picture(variant, int(row)) for row in there[order][:most])


def confused_pairs(inputs: ReportInputs, gallery: Gallery) -> tuple[ConfusedPair, ...]:
    """Return the most frequent mistakes of the final file, the most frequent first."""
    labels, predicted = inputs.predictions.labels, inputs.predictions.predicted[inputs.final]
    counts = np.array(inputs.final_variant.confusion)
    cells = sorted((-counts[i, j], i, j) for i, j in np.argwhere(counts) if i != j)

    def pair(actual: int, taken_for: int) -> ConfusedPair:
        rows = np.flatnonzero((labels == actual) & (predicted == taken_for))
        num_images = int(counts[actual, taken_for])
        return ConfusedPair(
            inputs.class_names[actual],
            inputs.class_names[taken_for],
            num_images,
            num_images / int(counts[actual].sum()),
            gallery.pictures(inputs.final, rows, inputs.params.pair_pictures),
        )

    return tuple(pair(int(i), int(j)) for _, i, j in cells[: inputs.params.max_pairs])


def flipped(inputs: ReportInputs, gallery: Gallery) -> dict[str, tuple[tuple[Picture, Picture], ...]]:
    """Return images that the final file answers unlike its Keras model."""
    predicted = inputs.predictions.predicted
    flips = find_flips(inputs.predictions.labels, predicted[inputs.parent], predicted[inputs.final])
    kinds = {
        "right to wrong": flips.right_to_wrong,
        "wrong to right": flips.wrong_to_right,
        "wrong to other wrong": flips.wrong_to_wrong,
    }
    each = inputs.params.max_thumbnails // len(kinds)
    return {
        kind: tuple(
            (gallery.picture(inputs.parent, after.row), after)
            for after in gallery.pictures(inputs.final, rows, each)
        )
        for kind, rows in kinds.items()
    }


def _class_figure(inputs: ReportInputs, classes: Sequence[int]) -> Markup:
    variants, final = inputs.results.evaluate.variants, inputs.final
    models = {name: variants[name].per_class for name in dict.fromkeys((BASELINE, final))}
    value, name = min((item.f1.value, item.name) for item in models[final] if item.f1 is not None)
    lowest = f"Lowest of {final}: {name}, {100 * value:.1f} %."
    description = f"F1 of each class with its interval, of {' and '.join(models)}. {lowest}"
    shown = {name: [per_class[label] for label in classes] for name, per_class in models.items()}
    return drawing.drawn("classes", description, draw_classes, shown, CONFIDENCE)


def _reliability_figure(calibration: Mapping[str, Calibration]) -> Markup:
    words = "; ".join(f"{name} {100 * model.error:.1f} points" for name, model in calibration.items())
    description = (
        f"Accuracy by confidence of {len(calibration)} models. Expected calibration error: {words}."
    )
    models = {name: model.bins for name, model in calibration.items()}
    return drawing.drawn("reliability", description, draw_reliability, models)


def _rejection_figure(models: Mapping[str, Rejection]) -> Markup:
    words = [
        f"{name} from {100 * curve.points[0].accuracy.value:.1f} % with none rejected to "
        f"{100 * curve.points[-1].accuracy.value:.1f} % with {100 * curve.points[-1].rejected:.0f} %"
        for name, curve in models.items()
    ]
    description = f"Accuracy of what is answered by share rejected as unsure: {'; '.join(words)}."
    return drawing.drawn("rejection", description, draw_rejection, models)


SECTION = Section("errors", "Errors", build)
