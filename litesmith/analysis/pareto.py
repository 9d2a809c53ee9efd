"""Pareto front of accuracy and cost, and who ties with it within noise."""

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


def standard_error(accuracy: float, num_images: int) -> float:
    """Return the standard error of an accuracy, as of a proportion."""
    return sqrt(accuracy * (1 - accuracy) / num_images)


def frontier(things: Sequence[Priced]) -> list[int]:
    """Return the positions of the things on the Pareto front, the cheapest first.

    No other thing is better at one of the two and as good at the other. Of things equal at both, all
    belong to it.
    """
    front = [
        position
        for position, thing in enumerate(things)
        if not any(_dominates(other, thing) for other in things)
    ]
    return sorted(front, key=lambda position: (things[position].cost, position))


def standings(things: Sequence[Priced], num_images: int) -> list[Standing]:
    """Return where each thing stands.

    A thing is tied when the best accuracy at its cost or less is at most one standard error above its
    own. How noisy the difference of two accuracies on the same images is depends on how often both err
    on the same ones, which needs every answer to be known; the standard error of one accuracy is what
    can be said without.

    Args:
        things: In any order.
        num_images: Images that each accuracy was measured on.
    """
    front = set(frontier(things))
    return [
        "frontier" if position in front else _below(thing, things, num_images)
        for position, thing in enumerate(things)
    ]


def _dominates(other: Priced, thing: Priced) -> bool:
    no_worse = other.cost <= thing.cost and other.accuracy >= thing.accuracy
    return no_worse and (other.cost < thing.cost or other.accuracy > thing.accuracy)


def _below(thing: Priced, things: Sequence[Priced], num_images: int) -> Standing:
    best = max(other.accuracy for other in things if other.cost <= thing.cost)
    return "tied" if best - thing.accuracy <= standard_error(best, num_images) else "behind"
