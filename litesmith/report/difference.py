"""By how much one model is more accurate than another, and how sure that is."""

from dataclasses import dataclass
from math import sqrt
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.report.inputs import Predictions
from litesmith.report.records import Absent, first_absent

BASELINE = "baseline-keras"

_Z_95 = 1.959964  # the normal distribution's 97.5 % quantile


@dataclass(frozen=True)
class Difference:
    """Accuracy of one model minus another's, with its 95\u00a0% interval; all fractions."""

    mean: float
    low: float
    high: float

    @property
    def outcome(self) -> str:
        """``better``, ``worse``, or ``even`` when the interval holds zero."""
        return "better" if self.low > 0 else "worse" if self.high < 0 else "even"


def compared(predictions: Predictions, final: str) -> Difference | Absent:
    """Compare the final variant with the baseline on the test images, if both predicted them."""
    before, after = predictions.predicted.get(BASELINE), predictions.predicted.get(final)
    if before is None or after is None or not len(predictions.labels):
        return Absent(
            f"the predictions hold no {BASELINE if before is None else final or 'final variant'}"
        )
    return paired(after == predictions.labels, before == predictions.labels)


def paired(after: NDArray[np.bool_], before: NDArray[np.bool_]) -> Difference:
    """Compare two models by which of the same images each got right, both bool (n,).

    It is what `litesmith.analysis.scores.compare` does with labels. That module imports scikit-learn, which takes longer than
    all comparisons of a page.
    """
    gains = after.astype(float) - before
    return _around(float(gains.mean()), float(gains.std()) / sqrt(len(gains)))


def unpaired(after: Any, num_after: Any, before: Any, num_before: Any) -> Difference | Absent:
    """Compare two accuracies, each measured on a number of images, as if on different ones."""
    missing = first_absent(after, num_after, before, num_before)
    if missing is not None:
        return missing
    variances = (
        share * (1 - share) / max(num, 1) for share, num in ((after, num_after), (before, num_before))
    )
    return _around(after - before, sqrt(sum(variances)))


def _around(mean: float, standard_error: float) -> Difference:
    half = _Z_95 * standard_error
    return Difference(mean, mean - half, mean + half)
