"""Which of several measured things nobody beats at both cost and accuracy, and who ties with them within noise."""

from collections.abc import Sequence
from dataclasses import dataclass
from math import sqrt
from typing import Literal

Standing = Literal["frontier", "tied", "behind"]


@dataclass(frozen=True)
class Priced:
    """A thing with what it costs (bytes, seconds: less is better) and its accuracy, 0 to 1."""

    cost: float
    accuracy: float


def standard_error(accuracy: float, num_images: int) -> float:
    """Return the standard error of an accuracy measured on ``num_images`` images, that of a proportion."""
    return sqrt(accuracy * (1 - accuracy) / num_images)


def frontier(things: Sequence[Priced]) -> list[int]:
    """Return the positions of the things that no other one equals or beats at both, the cheapest first.

    Of things equal at both, all belong to it.
    """
    found = [
        position
        for position, one in enumerate(things)
        if not any(_dominates(other, one) for other in things)
    ]
    return sorted(found, key=lambda position: (things[position].cost, position))


def standings(things: Sequence[Priced], num_images: int) -> list[Standing]:
    """Say of each thing whether it is on the frontier, tied with it within noise, or behind.

    One is tied when the best accuracy at its cost or less is at most one standard error above its own. How noisy the
    difference of two accuracies on the same images is depends on how often both err on the same ones, which needs
    every answer to be known; the standard error of one accuracy is what can be said without.

    Args:
        things: In any order.
        num_images: Images that each accuracy was measured on.
    """
    on_it = set(frontier(things))
    return [
        "frontier" if n in on_it else _below(one, things, num_images) for n, one in enumerate(things)
    ]


def tied_with_best(things: Sequence[Priced], num_images: int) -> list[int]:
    """Return the positions of the things within one standard error of the best accuracy, the cheapest first."""
    if not things:
        return []
    best = max(one.accuracy for one in things)
    least = best - standard_error(best, num_images)
    found = [position for position, one in enumerate(things) if one.accuracy >= least]
    return sorted(found, key=lambda position: (things[position].cost, position))


def _dominates(other: Priced, one: Priced) -> bool:
    no_worse = other.cost <= one.cost and other.accuracy >= one.accuracy
    return no_worse and (other.cost < one.cost or other.accuracy > one.accuracy)


def _below(one: Priced, things: Sequence[Priced], num_images: int) -> Standing:
    best = max(other.accuracy for other in things if other.cost <= one.cost)
    return "tied" if best - one.accuracy <= standard_error(best, num_images) else "behind"
