"""Whether a batch's images look like the accepted ones of the same classes.

Each measure of `litesmith.data.quality.measures` is compared by the two-sample Kolmogorov-Smirnov test.
The accepted images are weighted to the batch's classes, so that another class mix is no drift.

Sources: N. V. Smirnov, "Table for estimating the goodness of fit of empirical distributions", 1948;
M. A. Stephens, "Use of the Kolmogorov-Smirnov, Cramer-Von Mises and related statistics without extensive
tables", 1970 (the correction of small samples).
"""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.stats import kstwobign

from litesmith.data.quality.measures import SCALED


@dataclass(frozen=True)
class Drift:
    """How far the distributions of the measures are from the accepted ones.

    Attributes:
        distances: Largest difference of the two distribution functions, float64 (measures,), 0 to 1.
        p_values: Of that or more by chance, for each measure alone, float64 (measures,).
    """

    distances: NDArray[np.float64]
    p_values: NDArray[np.float64]


@dataclass(frozen=True)
class AcceptedMeasures:
    """Measures of accepted images.

    Attributes:
        names: Of the measures.
        values: float32 (n, measures), class by class, each column ascending within its class.
        starts: First row of each class, and the end, int64 (classes + 1,).
    """

    names: tuple[str, ...]
    values: NDArray[np.float32]
    starts: NDArray[np.int64]

    def drift(
        self, values: NDArray[np.float32], labels: NDArray[np.int64], max_brightness_shift: float
    ) -> Drift:
        """Compare images of a batch with the accepted ones of their classes.

        Images of a class that has no accepted ones do not count. Measures that follow the light are also
        compared after bringing the means together by a factor between 1 minus and 1 plus
        ``max_brightness_shift``, so that so much is no drift.

        Args:
            values: Measures of the batch's images, float32 (n, measures).
            labels: Their classes, int64 (n,).
            max_brightness_shift: As a share of the brightness.
        """
        sizes = np.diff(self.starts)
        known = sizes[labels] > 0
        values, labels = values[known], labels[known]
        if not len(values):
            return Drift(np.zeros(len(self.names)), np.ones(len(self.names)))
        weights = np.bincount(labels, minlength=len(sizes)) / len(labels)
        used = weights > 0
        num = 1 / (1 / len(values) + float((weights[used] ** 2 / sizes[used]).sum()))
        distances = np.array(
            [
                min(
                    self._distance(column, values[:, column] * np.float32(scale), weights)
                    for scale in self._scales(column, values[:, column], weights, max_brightness_shift)
                )
                for column in range(len(self.names))
            ]
        )
        root = np.sqrt(num)
        return Drift(distances, kstwobign.sf((root + 0.12 + 0.11 / root) * distances))

    def _scales(
        self,
        column: int,
        values: NDArray[np.float32],
        weights: NDArray[np.float64],
        max_shift: float,
    ) -> tuple[float, ...]:
        """Return the scales to compare at: 1, and what equals the means."""
        if self.names[column] not in SCALED:
            return (1.0,)
        expected = sum(
            weights[label] * self.values[self.starts[label] : self.starts[label + 1], column].mean()
            for label in np.flatnonzero(weights)
        )
        mean = float(values.mean())
        ratio = float(expected) / mean if mean else 1.0
        return 1.0, min(max(ratio, 1 - max_shift), 1 + max_shift)

    def _distance(self, column: int, values: NDArray[np.float32], weights: NDArray[np.float64]) -> float:
        """Return the Kolmogorov-Smirnov distance of a measure."""
        values = np.sort(values)
        below, upto = np.zeros(len(values)), np.zeros(len(values))
        for label in np.flatnonzero(weights):
            accepted = self.values[self.starts[label] : self.starts[label + 1], column]
            share = weights[label] / len(accepted)
            below += share * np.searchsorted(accepted, values, "left")
            upto += share * np.searchsorted(accepted, values, "right")
        # Both are steps: the difference is largest at a value of the batch or just before it, where of
        # equal ones the last counts on the one side and the first on the other.
        num = len(values)
        after = np.searchsorted(values, values, "right") / num
        before = np.searchsorted(values, values, "left") / num
        return float(max((after - upto).max(), (below - before).max(), 0.0))


def accept_measures(
    names: Sequence[str], values: NDArray[np.float32], labels: NDArray[np.int64], num_classes: int
) -> AcceptedMeasures:
    """Return the measures, float32 (n, measures), of accepted images as a reference."""
    parts = [np.sort(values[labels == label], axis=0) for label in range(num_classes)]
    starts = np.cumsum([0, *map(len, parts)])
    return AcceptedMeasures(tuple(names), np.concatenate(parts), starts.astype(np.int64))
