"""Errors: confusion, classes, pictures, calibration, and what conversion flipped."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import itemgetter

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from litesmith.analysis.flips import FlipCounts, find_flips
from litesmith.analysis.intervals import CONFIDENCE, ClassEstimates
from litesmith.analysis.reliability import Calibration
from litesmith.report import drawing
from litesmith.report.inputs import BASELINE, Predictions, ReportInputs
from litesmith.report.pictures import png_address
from litesmith.report.section import Section
from litesmith.report.sections.errors.figures import draw_classes, draw_reliability


@dataclass(frozen=True)
class Picture:
    """A test image as a PNG data address, with one model's answer."""

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
class Flipped:
    """A picture that two models answer differently: what each took it for."""

    before: Picture
    after: Picture


@dataclass(frozen=True)
class ErrorsSection:
    """What the section shows.

    Attributes:
        class_names: In the order of the labels.
        final: Name of the file that goes to the device.
        parent: The Keras model that it was made of.
        matrices: Confusion matrices of the final file, its parent and the baseline.
        classes: Precision, recall and F1 of each class, of the final file.
        class_figure: F1, drawn.
        pairs: The most frequent mistakes.
        mistakes: Wrong answers that it was surest of.
        num_bins: Bins of confidence, empty ones included.
        calibration: Confidence against accuracy, by variant.
        reliability_figure: The same, drawn.
        flips: By file.
        flipped: Pictures that the final file answers otherwise than its parent, by what became of them.
    """

    class_names: tuple[str, ...]
    final: str
    parent: str
    matrices: Mapping[str, Matrix]
    classes: tuple[ClassEstimates, ...]
    class_figure: Markup
    pairs: tuple[ConfusedPair, ...]
    mistakes: tuple[Picture, ...]
    num_bins: int
    calibration: Mapping[str, Calibration]
    reliability_figure: Markup
    flips: Mapping[str, FlipCounts]
    flipped: Mapping[str, tuple[Flipped, ...]]


def build(inputs: ReportInputs) -> ErrorsSection:
    """Return what the section shows."""
    evaluated, gallery = inputs.results.evaluate, Gallery(inputs.predictions, inputs.class_names)
    shown = dict.fromkeys((inputs.final, inputs.parent, BASELINE))
    wrong = inputs.predictions.predicted[inputs.final] != inputs.predictions.labels
    most = inputs.params.max_thumbnails
    return ErrorsSection(
        class_names=inputs.class_names,
        final=inputs.final,
        parent=inputs.parent,
        matrices={name: matrix(np.array(evaluated.variants[name].confusion)) for name in shown},
        classes=inputs.final_variant.per_class,
        class_figure=_class_figure(inputs),
        pairs=confused_pairs(inputs, gallery),
        mistakes=gallery.pictures(inputs.final, np.flatnonzero(wrong), most),
        num_bins=_num_bins(evaluated.calibration),
        calibration=evaluated.calibration,
        reliability_figure=_reliability_figure(evaluated.calibration),
        flips=evaluated.flips,
        flipped=flipped(inputs, gallery),
    )


def _num_bins(calibration: Mapping[str, Calibration]) -> int:
    first = next(iter(calibration.values())).bins[0]
    return round(1 / (first.high - first.low))


def matrix(counts: NDArray[np.int_]) -> Matrix:
    """Prepare a confusion matrix (classes, classes), rows actual and columns predicted, for shading."""
    wrong = counts - np.diag(np.diag(counts))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    heats = np.where(np.eye(len(counts)) == 1, shares, wrong / max(wrong.max(), 1))
    return tuple(
        tuple(
            MatrixCell(int(n), float(shares[i, j]), round(float(heats[i, j]), 2), i == j)
            for j, n in enumerate(row)
        )
        for i, row in enumerate(counts)
    )


@dataclass(frozen=True)
class Gallery:
    """The pictures of mistakes."""

    predictions: Predictions
    class_names: Sequence[str]

    def picture(self, variant: str, row: int) -> Picture:
        """Return a picture with what a variant took it for."""
        said = self.predictions
        return Picture(
            row,
            png_address(said.error_images[int(np.searchsorted(said.error_rows, row))]),
            self.class_names[said.labels[row]],
            self.class_names[said.predicted[variant][row]],
            float(said.confidence[variant][row]),
        )

    def pictures(self, variant: str, rows: NDArray[np.intp], most: int) -> tuple[Picture, ...]:
        """Return pictures of test images, the surest first.

        Args:
            variant: Name of one that answered.
            rows: Test images (k,); those of which no picture is there are left out.
            most: How many to return at most.
        """
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


def flipped(inputs: ReportInputs, gallery: Gallery) -> dict[str, tuple[Flipped, ...]]:
    """Return pictures that the final file answers otherwise than its parent."""
    said = inputs.predictions
    flips = find_flips(said.labels, said.predicted[inputs.parent], said.predicted[inputs.final])
    kinds = {
        "right to wrong": flips.right_to_wrong,
        "wrong to right": flips.wrong_to_right,
        "wrong to other wrong": flips.wrong_to_wrong,
    }
    each = inputs.params.max_thumbnails // len(kinds)
    return {
        kind: tuple(
            Flipped(gallery.picture(inputs.parent, after.row), after)
            for after in gallery.pictures(inputs.final, rows, each)
        )
        for kind, rows in kinds.items()
    }


def _class_figure(inputs: ReportInputs) -> Markup:
    variants, final = inputs.results.evaluate.variants, inputs.final
    models = {name: variants[name].per_class for name in dict.fromkeys((BASELINE, final))}
    known = [(each.f1.value, each.name) for each in models[final] if each.f1 is not None]
    value, name = min(known, key=itemgetter(0))
    lowest = f"Lowest of {final}: {name}, {100 * value:.1f} %."
    description = f"F1 of each class with its interval, of {' and '.join(models)}. {lowest}"
    return drawing.drawn("classes", description, draw_classes, models, CONFIDENCE)


def _reliability_figure(calibration: Mapping[str, Calibration]) -> Markup:
    words = "; ".join(f"{name} {100 * each.error:.1f} points" for name, each in calibration.items())
    description = (
        f"Accuracy by confidence of {len(calibration)} models. Expected calibration error: {words}."
    )
    models = {name: each.bins for name, each in calibration.items()}
    return drawing.drawn("reliability", description, draw_reliability, models)


SECTION = Section("errors", "Errors", build)
