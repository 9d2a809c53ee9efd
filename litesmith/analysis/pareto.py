"""Pareto front of accuracy and cost, and ties within noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

Standing = Literal["frontier", "tied", "behind"]


@dataclass(frozen=True)
class Priced:
    """Cost (bytes or seconds, less is better) and accuracy, 0 to 1."""

    cost: float
    accuracy: float

    def dominates(self, other: "Priced") -> bool:
        """Return whether it is better at one and no worse at the other."""
        no_worse = self.cost <= other.cost and self.accuracy >= other.accuracy
        return no_worse and self != other


def standard_error(accuracy: float, num_images: int) -> float:
    """Return the standard error of an accuracy as proportion."""
    return sqrt(accuracy * (1 - accuracy) / num_images)


def frontier(models: Sequence[Priced]) -> list[int]:
    """Return the positions of the models that no other dominates, the cheapest first.

    Of models equal at both, all belong to it.
    """
    dominated = [any(other.dominates(model) for other in models) for model in models]
    front = (position for position in range(len(models)) if not dominated[position])
    return sorted(front, key=lambda position: (models[position].cost, position))


def standings(models: Sequence[Priced], num_images: int) -> list[Standing]:
    """Return where each model stands.

    A model is tied when the best accuracy at its cost or less is at most one standard error above its
    own. The noise of the difference of two accuracies on the same images would depend on how often both
    err on the same ones, which needs every prediction to be known.
    Each accuracy was measured on ``num_images`` images.
    """
    front = set(frontier(models))
    return [
        "frontier" if position in front else _below(model, models, num_images)
        for position, model in enumerate(models)
    ]


def _below(model: Priced, models: Sequence[Priced], num_images: int) -> Standing:
    best = max(other.accuracy for other in models if other.cost <= model.cost)
    return "tied" if best - model.accuracy <= standard_error(best, num_images) else "behind"
