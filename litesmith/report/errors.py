"""What the final variant gets wrong: confusion matrix, confused pairs, pictures."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.report.inputs import Predictions, Records, ReportInputs
from litesmith.report.pictures import png_address
from litesmith.report.records import Absent, plain


@dataclass(frozen=True)
class ConfusedPair:
    """Two classes of which the one is often taken for the other."""

    actual: str
    predicted: str
    num_images: int
    share: float


@dataclass(frozen=True)
class Thumbnail:
    """A test image that the final variant got wrong, as a PNG data address."""

    row: int
    source: str
    actual: str
    predicted: str
    confidence: Any


@dataclass(frozen=True)
class MatrixCell:
    """A cell of a confusion matrix.

    Args:
        num_images: Images of the row's class predicted as the column's.
        heat: 0 to 1: on the diagonal the share of the row; elsewhere the count as a share of the largest mistake.
        right: Whether it lies on the diagonal.
    """

    num_images: int
    heat: float
    right: bool


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: the classes it speaks of, and for each actual class its cells by predicted class."""

    names: tuple[str, ...]
    rows: tuple[tuple[MatrixCell, ...], ...]


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    confusion = records["evaluate"]["variants"][records.final]["confusion"]
    return {
        "matrix": matrix(confusion, inputs.class_names),
        "pairs": confused_pairs(confusion, inputs.class_names, inputs.max_pairs),
        "thumbnails": thumbnails(inputs.predictions, records.final, inputs.class_names, inputs.max_thumbnails),
    }


def matrix(confusion: Any, class_names: Sequence[str]) -> Matrix | Absent:
    """Prepare a confusion matrix of counts, rows actual and columns predicted, for shading."""
    counts = _counts(confusion, len(class_names))
    if isinstance(counts, Absent):
        return counts
    wrong = counts - np.diag(np.diag(counts))
    shares = np.where(np.eye(len(counts)) == 1, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), 0)
    heats = np.where(np.eye(len(counts)) == 1, shares, wrong / max(wrong.max(), 1))
    rows = (
        tuple(MatrixCell(int(n), round(float(heats[i, j]), 2), i == j) for j, n in enumerate(row))
        for i, row in enumerate(counts)
    )
    return Matrix(tuple(class_names), tuple(rows))


def confused_pairs(confusion: Any, class_names: Sequence[str], num_pairs: int) -> list[ConfusedPair]:
    """Return the ``num_pairs`` most frequent mistakes of a confusion matrix, the most frequent first."""
    counts = _counts(confusion, len(class_names))
    if isinstance(counts, Absent):
        return []
    totals = np.maximum(counts.sum(axis=1), 1)
    cells = [(int(n), i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if i != j and n]
    ranked = sorted(cells, key=lambda cell: (-cell[0], cell[1], cell[2]))[:num_pairs]
    return [ConfusedPair(class_names[i], class_names[j], n, n / int(totals[i])) for n, i, j in ranked]


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


def thumbnails(predictions: Predictions, final: str, class_names: Sequence[str], most: int) -> list[Thumbnail]:
    """Return the wrongly classified images that the final variant was surest of, the surest first."""
    predicted, confidence = predictions.predicted.get(final), predictions.confidence.get(final)
    if predicted is None:
        return []
    rows = [int(row) for row in predictions.error_rows]
    wrong = [position for position, row in enumerate(rows) if predicted[row] != predictions.labels[row]]
    sure = [0.0 if confidence is None else float(confidence[row]) for row in rows]
    order = sorted(wrong, key=lambda position: (-sure[position], rows[position]))[:most]
    return [
        Thumbnail(
            rows[position],
            png_address(predictions.error_images[position]),
            class_names[predictions.labels[rows[position]]],
            class_names[predicted[rows[position]]],
            Absent("the predictions hold no confidence") if confidence is None else sure[position],
        )
        for position in order
    ]
