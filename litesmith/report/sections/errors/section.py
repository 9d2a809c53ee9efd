"""What the final variant gets wrong: by class, by pair, by confidence, and by quantization."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np
from markupsafe import Markup
from numpy.typing import NDArray

from litesmith.analysis.flips import Flips, find_flips
from litesmith.analysis.intervals import CONFIDENCE, ClassEstimates, class_estimates
from litesmith.analysis.reliability import Bin, expected_calibration_error, reliability
from litesmith.report import drawing
from litesmith.report.difference import BASELINE
from litesmith.report.inputs import Predictions, Records, ReportInputs
from litesmith.report.pictures import png_address
from litesmith.report.records import Absent, plain
from litesmith.report.sections.errors import figures as plots


@dataclass(frozen=True)
class Picture:
    """A test image as a PNG data address, with what one model took it for and how sure it was."""

    row: int
    source: str
    actual: str
    predicted: str
    confidence: Any


@dataclass(frozen=True)
class ConfusedPair:
    """Two classes of which the one is often taken for the other, with the surest of the pictures that were kept."""

    actual: str
    predicted: str
    num_images: int
    share: float
    pictures: tuple[Picture, ...] = ()


@dataclass(frozen=True)
class MatrixCell:
    """A cell of a confusion matrix.

    Args:
        num_images: Images of the row's class predicted as the column's.
        share: That, as a share of the row's images, 0 to 1.
        heat: 0 to 1: on the diagonal the share; elsewhere the count as a share of the largest mistake.
        right: Whether it lies on the diagonal.
    """

    num_images: int
    share: float
    heat: float
    right: bool


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: the classes it speaks of, and for each actual class its cells by predicted class."""

    names: tuple[str, ...]
    rows: tuple[tuple[MatrixCell, ...], ...]


@dataclass(frozen=True)
class Calibration:
    """How far a model's confidence is from its accuracy.

    Attributes:
        model: Name of the variant.
        accuracy: Share of the images that it got right.
        confidence: Its mean confidence.
        error: Expected calibration error.
        bins: What that was computed from.
    """

    model: str
    accuracy: float
    confidence: float
    error: float
    bins: tuple[Bin, ...]


@dataclass(frozen=True)
class Flipped:
    """A picture that two models answer differently: what each took it for."""

    before: Picture
    after: Picture


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    said, final, names = inputs.predictions, records.final, inputs.class_names
    parent = _parent(records)
    calibrated = _calibrated(records, inputs)
    changed = flips(said, records["evaluate"]["variants"])
    confusion = records["evaluate"]["variants"][final]["confusion"]
    return {
        "matrices": {name: _matrix_of(records, name, names) for name in _compared(records)},
        "classes": classes(confusion, names),
        "class_figure": _class_figure(records, names),
        "pairs": confused_pairs(confusion, names, inputs.max_pairs, said, final, inputs.pair_pictures),
        "thumbnails": mistakes(said, final, names)[: inputs.max_thumbnails],
        "calibrated": calibrated,
        "unsure": [name for name in _compared(records) if name not in said.confidence],
        "reliability_figure": _reliability_figure(calibrated),
        "flips": changed,
        "unflipped": unflipped(records["evaluate"]["variants"], changed),
        "parent": parent,
        "flipped": flipped(said, changed.get(final), parent, final, names, inputs.max_thumbnails),
    }


def numbers(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what was worked out here as plain data."""
    found = _calibrated(records, inputs)
    changed = flips(inputs.predictions, records["evaluate"]["variants"])
    confusion = records["evaluate"]["variants"][records.final]["confusion"]
    estimates = classes(confusion, inputs.class_names)
    return {
        "classes": [asdict(one) for one in estimates],
        "calibration": {one.model: asdict(one) for one in found},
        "flips": {
            name: {
                "right_to_wrong": len(one.right_to_wrong),
                "wrong_to_right": len(one.wrong_to_right),
                "wrong_to_wrong": len(one.wrong_to_wrong),
            }
            for name, one in changed.items()
        },
    }


def _parent(records: Records) -> str:
    return f"{records.optimized}-keras"


def _compared(records: Records) -> list[str]:
    """Return the names of the variants that are set side by side, the final one first."""
    return [name for name in dict.fromkeys((records.final, _parent(records), BASELINE)) if name]


def _calibrated(records: Records, inputs: ReportInputs) -> "list[Calibration] | Absent":
    known = [name for name in reversed(_compared(records)) if name in inputs.predictions.predicted]
    return calibrations(inputs.predictions, known, inputs.calibration_bins)


def _matrix_of(records: Records, name: str, class_names: Sequence[str]) -> Matrix | Absent:
    return matrix(records["evaluate"]["variants"][name]["confusion"], class_names)


def matrix(confusion: Any, class_names: Sequence[str]) -> Matrix | Absent:
    """Prepare a confusion matrix of counts, rows actual and columns predicted, for shading."""
    counts = _counts(confusion, len(class_names))
    if isinstance(counts, Absent):
        return counts
    wrong = counts - np.diag(np.diag(counts))
    shares = counts / np.maximum(counts.sum(axis=1, keepdims=True), 1)
    heats = np.where(np.eye(len(counts)) == 1, shares, wrong / max(wrong.max(), 1))
    rows = (
        tuple(
            MatrixCell(int(n), float(shares[i, j]), round(float(heats[i, j]), 2), i == j)
            for j, n in enumerate(row)
        )
        for i, row in enumerate(counts)
    )
    return Matrix(tuple(class_names), tuple(rows))


def classes(confusion: Any, class_names: Sequence[str]) -> list[ClassEstimates] | Absent:
    """Return precision, recall and F1 of each class with their intervals, from a recorded confusion matrix."""
    counts = _counts(confusion, len(class_names))
    if isinstance(counts, Absent):
        return counts
    return class_estimates(counts, class_names, CONFIDENCE)


def confused_pairs(
    confusion: Any,
    class_names: Sequence[str],
    num_pairs: int,
    predictions: Predictions,
    variant: str,
    num_pictures: int,
) -> list[ConfusedPair]:
    """Return the ``num_pairs`` most frequent mistakes of a confusion matrix, the most frequent first.

    Args:
        confusion: Counts, rows actual and columns predicted.
        class_names: In the order of the classes.
        num_pairs: How many to return at most.
        predictions: What the variants said, with the pictures that were kept.
        variant: Whose confusion matrix it is.
        num_pictures: How many pictures to give each pair at most.
    """
    counts = _counts(confusion, len(class_names))
    if isinstance(counts, Absent):
        return []
    totals = np.maximum(counts.sum(axis=1), 1)
    cells = [(int(n), i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if i != j and n]
    ranked = sorted(cells, key=lambda cell: (-cell[0], cell[1], cell[2]))[:num_pairs]

    def pair(num_images: int, actual: int, predicted: int) -> ConfusedPair:
        those = (predictions.labels == actual) & (
            predictions.predicted.get(variant, predictions.labels) == predicted
        )
        pictures = mistakes(predictions, variant, class_names, those)[:num_pictures]
        share = num_images / int(totals[actual])
        return ConfusedPair(
            class_names[actual], class_names[predicted], num_images, share, tuple(pictures)
        )

    return [pair(*cell) for cell in ranked]


def _counts(confusion: Any, num_classes: int) -> NDArray[np.int_] | Absent:
    """Return a recorded confusion matrix as an array (classes, classes), if it is one."""
    if isinstance(confusion, Absent):
        return confusion
    try:
        counts = np.asarray(plain(confusion, []), dtype=int)
    except (TypeError, ValueError):
        return Absent("the recorded confusion matrix has gaps")
    if counts.shape != (num_classes, num_classes):
        return Absent(f"the confusion matrix is {counts.shape} and there are {num_classes} classes")
    return counts


def mistakes(
    predictions: Predictions,
    variant: str,
    class_names: Sequence[str],
    those: NDArray[np.bool_] | None = None,
) -> list[Picture]:
    """Return the images that a variant got wrong, of those whose pictures were kept, the surest first.

    Args:
        predictions: What the variants said.
        variant: Name of one of them; one that did not predict has no mistakes.
        class_names: In the order of the classes.
        those: Which test images to look at (n,); all of them by default.
    """
    predicted = predictions.predicted.get(variant)
    if predicted is None:
        return []
    wrong = predicted != predictions.labels
    rows = np.flatnonzero(wrong if those is None else wrong & those)
    return [
        picture(predictions, variant, row, class_names) for row in _surest(predictions, variant, rows)
    ]


def picture(predictions: Predictions, variant: str, row: int, class_names: Sequence[str]) -> Picture:
    """Return a kept picture with what ``variant`` took it for."""
    position = int(np.searchsorted(predictions.error_rows, row))
    confidence = predictions.confidence.get(variant)
    return Picture(
        row,
        png_address(predictions.error_images[position]),
        class_names[predictions.labels[row]],
        class_names[predictions.predicted[variant][row]],
        Absent("the predictions hold no confidence") if confidence is None else float(confidence[row]),
    )


def _surest(predictions: Predictions, variant: str, rows: Iterable[Any]) -> list[int]:
    """Return those of ``rows`` whose pictures were kept, the one that ``variant`` was surest of first."""
    confidence, kept = predictions.confidence.get(variant), set(predictions.error_rows.tolist())

    def unsure(row: int) -> tuple[float, int]:
        return 0.0 if confidence is None else -float(confidence[row]), row

    return sorted((int(row) for row in rows if int(row) in kept), key=unsure)


def calibrations(
    predictions: Predictions, variants: Sequence[str], num_bins: int
) -> list[Calibration] | Absent:
    """Return how far the confidence of each variant is from its accuracy, for those whose confidence is known."""
    if not len(predictions.labels):
        return Absent("the predictions are of no image")
    known = [name for name in variants if name in predictions.confidence]
    return [_calibration(predictions, name, num_bins) for name in known] or Absent(
        "the predictions hold no confidence"
    )


def _calibration(predictions: Predictions, variant: str, num_bins: int) -> Calibration:
    right, confidence = (
        predictions.predicted[variant] == predictions.labels,
        predictions.confidence[variant],
    )
    bins = tuple(reliability(right, confidence, num_bins, CONFIDENCE))
    mean = float(confidence.mean(dtype=np.float64))
    return Calibration(variant, float(right.mean()), mean, expected_calibration_error(bins), bins)


def flips(predictions: Predictions, variants: Any) -> dict[str, Flips]:
    """Return for each file what became of the answers of the Keras model it was made of, if both predicted."""
    parents = {
        name: f"{variant['model']}-keras"
        for name, variant in variants.items()
        if plain(variant["format"], "") != "keras"
    }
    said = predictions.predicted
    return {
        name: find_flips(predictions.labels, said[parent], said[name])
        for name, parent in parents.items()
        if name in said and parent in said
    }


def unflipped(variants: Any, found: Mapping[str, Flips]) -> list[str]:
    """Return the files that could not be compared with the Keras model that they were made of."""
    return [
        name
        for name, variant in variants.items()
        if plain(variant["format"], "") != "keras" and name not in found
    ]


def flipped(
    predictions: Predictions,
    found: Flips | None,
    parent: str,
    final: str,
    class_names: Sequence[str],
    most: int,
) -> dict[str, list[Flipped]]:
    """Return kept pictures of the images that the final file answers otherwise than its parent, by what became of them.

    Args:
        predictions: What the variants said.
        found: The rows, or None if they are not known.
        parent: The Keras model.
        final: The file.
        class_names: In the order of the classes.
        most: How many pictures to give in all, shared evenly.
    """
    if found is None:
        return {}
    kinds = {
        "right to wrong": found.right_to_wrong,
        "wrong to right": found.wrong_to_right,
        "wrong to other wrong": found.wrong_to_wrong,
    }
    each = most // len(kinds)

    def both(row: int) -> Flipped:
        return Flipped(*(picture(predictions, name, row, class_names) for name in (parent, final)))

    return {
        kind: [both(row) for row in _surest(predictions, final, rows)[:each]]
        for kind, rows in kinds.items()
    }


def _class_figure(records: Records, class_names: Sequence[str]) -> Markup | Absent:
    variants = records["evaluate"]["variants"]
    models: dict[str, list[ClassEstimates]] = {}
    for name in dict.fromkeys((BASELINE, records.final)):
        found = classes(variants[name]["confusion"], class_names)
        if isinstance(found, Absent):
            return found
        if any(one.f1 is not None for one in found):
            models[name] = found
    if records.final not in models:
        return Absent(
            f"no class has an F1: {records.final or 'the final variant'} named none, and no image is of any"
        )
    worst = min(models[records.final], key=lambda one: 1.0 if one.f1 is None else one.f1.value)
    lowest = (
        ""
        if worst.f1 is None
        else f" Lowest of {records.final}: {worst.name}, {100 * worst.f1.value:.1f} %."
    )
    description = f"F1 of each class with its interval, of {' and '.join(models)}.{lowest}"
    return drawing.drawn("classes", description, plots.draw_classes, models, CONFIDENCE)


def _reliability_figure(found: Sequence[Calibration] | Absent) -> Markup | Absent:
    if isinstance(found, Absent):
        return found
    words = "; ".join(f"{one.model} {100 * one.error:.1f} points" for one in found)
    description = f"Accuracy by confidence of {len(found)} models. Expected calibration error: {words}."
    models: Mapping[str, Sequence[Bin]] = {one.model: one.bins for one in found}
    return drawing.drawn("reliability", description, plots.draw_reliability, models)
