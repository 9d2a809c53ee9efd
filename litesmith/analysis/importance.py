"""How much each hyperparameter decided of the outcome of a search."""

from dataclasses import dataclass

MIN_TRIALS = 6
"""Trials below which an estimate says nothing."""


@dataclass(frozen=True)
class Importance:
    """How much one hyperparameter decided.

    Attributes:
        name: Of the hyperparameter.
        share: Its part of all that single hyperparameters decided, 0 to 1.
        by_chance: The largest such part among the shuffles of the accuracies.
    """

    name: str
    share: float
    by_chance: float
