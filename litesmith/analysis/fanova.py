"""What part of a function's variance each of its arguments explains alone, from few points of it: functional ANOVA.

A forest of regression trees stands in for the function. The leaves of a tree are boxes, so its mean over all arguments
but one is known exactly. Optuna has the same with the forest of scikit-learn; importing the two takes longer than all
this. A test compares the shares.

Source: Hutter, Hoos and Leyton-Brown, "An efficient approach for assessing hyperparameter importance", ICML 2014.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from math import log
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

# Two cuts that divide the points alike may differ in the last bits of what they gain.
_ALIKE = 1e-9


@dataclass(frozen=True)
class Axis:
    """An argument, cut into cells. Points in the same cell are the same to every tree.

    Attributes:
        cells: The cell of each point (points,).
        sizes: Share of the axis that each cell takes (cells,), together 1.
        cuts: For each place where a tree may divide the axis, which cells lie on the one side (cuts, cells).
        questions: Which of the cuts are the same question asked at another place (cuts,), counted from 0.
    """

    cells: NDArray[np.intp]
    sizes: Floats
    cuts: Bools
    questions: NDArray[np.intp]


def range_axis(values: Sequence[float], *, logarithmic: bool) -> Axis:
    """Return the axis of a number: a cell for each value up to half the way to the next, cuts between them.

    Args:
        values: Of each point; the axis reaches from the smallest to the largest.
        logarithmic: Whether lengths are those of the logarithm.
    """
    places, cells = np.unique(
        [log(value) for value in values] if logarithmic else values, return_inverse=True
    )
    edges = np.concatenate([places[:1], (places[1:] + places[:-1]) / 2, places[-1:]])
    sizes = np.diff(edges) / (edges[-1] - edges[0]) if len(places) > 1 else np.ones(1)
    cuts = np.tri(len(places) - 1, len(places), dtype=bool)
    return Axis(cells, sizes, cuts, np.zeros(len(cuts), np.intp))


def choice_axis(values: Sequence[Any]) -> Axis:
    """Return the axis of a choice: a cell for each thing that any point chose, each of which may be cut off."""
    levels = list(dict.fromkeys(values))
    cells = np.array([levels.index(value) for value in values])
    cuts = np.eye(len(levels), dtype=bool) if len(levels) > 1 else np.zeros((0, 1), bool)
    return Axis(cells, np.full(len(levels), 1 / len(levels)), cuts, np.arange(len(cuts)))


class Forest:
    """Grows trees on the same points again and again.

    Args:
        axes: Of the arguments, all over the same points.
        num_trees: To grow each time.
        max_depth: How often a path may be cut.
    """

    def __init__(self, axes: Sequence[Axis], num_trees: int, max_depth: int) -> None:
        self._num_trees, self._max_depth = num_trees, max_depth
        self._sizes = [axis.sizes for axis in axes]
        ends = np.cumsum([len(axis.sizes) for axis in axes])
        self._spans = [slice(end - len(axis.sizes), end) for end, axis in zip(ends, axes, strict=True)]
        # Of every cut: whose it is, which cells of all axes lie on either side, and which points lie on the one.
        owner = np.repeat(np.arange(len(axes)), [len(axis.cuts) for axis in axes])
        self._sides = np.ones((2, len(owner), ends[-1]), bool)
        for number, (axis, span) in enumerate(zip(axes, self._spans, strict=True)):
            self._sides[:, owner == number, span] = axis.cuts, ~axis.cuts
        self._questions = len(owner) * owner + np.concatenate([axis.questions for axis in axes])
        self._left = np.concatenate([axis.cuts[:, axis.cells] for axis in axes]).astype(float)

    def shares(self, outcomes: Floats, seed: int) -> Floats:
        """Return the share of the variance that each axis explains alone (axes,), the mean of the trees.

        Args:
            outcomes: Of each point (points,). Trees for which they are all the same say nothing and are left out.
            seed: Of the points that each tree is grown on, drawn with replacement, and of choices among equal cuts.
        """
        rng = np.random.default_rng(seed)
        num = len(outcomes)
        grown = [
            self._tree(outcomes, rng.multinomial(num, [1 / num] * num), rng)
            for _ in range(self._num_trees)
        ]
        found = [self._explained(*tree) for tree in grown]
        known = [shares for shares in found if shares is not None]
        return np.mean(known, axis=0) if known else np.zeros(len(self._sizes))

    def _tree(
        self, outcomes: Floats, counts: NDArray[np.integer], rng: np.random.Generator
    ) -> tuple[Floats, Bools]:
        """Return the value of each leaf of a tree, and the cells that it holds (leaves, cells)."""
        everything = np.ones(self._sides.shape[2], bool)
        leaves = list(self._grow(outcomes, counts.astype(float), everything, 0, rng))
        return np.array([value for value, _ in leaves]), np.array([cells for _, cells in leaves])

    def _grow(
        self, outcomes: Floats, counts: Floats, cells: Bools, depth: int, rng: np.random.Generator
    ) -> Iterator[tuple[float, Bools]]:
        """Yield the leaves below a node, in which ``counts`` says how often each point lies."""
        cut = self._best_cut(outcomes, counts, rng) if depth < self._max_depth else None
        if cut is None:
            yield float(counts @ outcomes / counts.sum()), cells
            return
        left = self._left[cut]
        for share, side in zip((left, 1 - left), self._sides[:, cut], strict=True):
            yield from self._grow(outcomes, counts * share, cells & side, depth + 1, rng)

    def _best_cut(self, outcomes: Floats, counts: Floats, rng: np.random.Generator) -> int | None:
        """Return the cut that leaves the least variance on its two sides, None if none leaves less.

        Among equally good ones a question is drawn, and of its cuts the middle one is taken.
        """
        centred = counts * (outcomes - counts @ outcomes / counts.sum())
        left, total = self._left @ counts, counts.sum()
        valid = (left > 0) & (left < total)
        # How much variance goes: of centred outcomes the sums on both sides are the same but for the sign.
        gains = np.where(
            valid, (self._left @ centred) ** 2 / np.where(valid, left * (total - left), 1), 0
        )
        most = gains.max(initial=0)
        if most <= _ALIKE**2:  # a gain is the square of a difference of outcomes
            return None
        best = np.flatnonzero(gains >= most * (1 - _ALIKE))
        asked = self._questions[best]
        same = best[asked == rng.choice(np.unique(asked))]
        return int(same[len(same) // 2])

    def _explained(self, values: Floats, cells: Bools) -> Floats | None:
        """Return the share of a tree's variance that each axis explains alone, None of a tree without variance."""
        widths = np.array(
            [cells[:, span] @ sizes for span, sizes in zip(self._spans, self._sizes, strict=True)]
        )
        volumes = widths.prod(axis=0)
        centred = values - values @ volumes
        variance = centred**2 @ volumes
        if variance <= 0:
            return None
        means = [
            (centred * volumes / width) @ cells[:, span]
            for width, span in zip(widths, self._spans, strict=True)
        ]
        # An axis of one cell explains nothing, not even what rounding would have it explain.
        alone = [
            sizes @ mean**2 if len(sizes) > 1 else 0.0
            for sizes, mean in zip(self._sizes, means, strict=True)
        ]
        found: Floats = np.array(alone) / variance
        return found
