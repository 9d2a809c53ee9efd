"""What the search found."""

from dataclasses import dataclass
from typing import Annotated, Literal

from litesmith.analysis.pareto import Standing
from litesmith.params.section import about
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Count, Record, Score, Share

TrialState = Literal["complete", "pruned", "diverged"]
Choice = bool | int | float | str
Choices = dict[str, Choice]
"""Hyperparameters of a trial, by name."""


class AtRung(Record):
    """Length of a rung's trainings."""

    rung: Annotated[Count, about("Counted from 0.")]
    epochs: Count
    num_rows: Count


class RungScore(AtRung):
    """What a trial reached at one rung."""

    accuracy: Share
    loss: Annotated[float | None, about("On validation, in nats; None if it left the numbers.")]


class Trial(Record):
    """One proposal of the search."""

    number: Count
    batch: Annotated[Count, about("With which others it was halved.")]
    state: Annotated[TrialState, about("``pruned``: behind its batch; ``diverged``: out of numbers.")]
    choices: Choices
    tflite_bytes: Annotated[Count, about("Of the int8 file of the untrained network.")]
    macs: Count
    activation_bytes: Annotated[Count, about("Peak of live int8 activations.")]
    rungs: Annotated[tuple[RungScore, ...], about("What it reached, from the shortest rung on.")]

    @property
    def scores(self) -> tuple[RungScore, ...]:
        """Scores of the rungs at which it did not diverge."""
        return tuple(score for score in self.rungs if score.loss is not None)

    @property
    def work(self) -> float:
        """Modelled work of all its rungs: multiply-accumulates x images x epochs."""
        return sum(float(self.macs) * score.num_rows * score.epochs for score in self.rungs)


class Refused(Record):
    """Proposals that were not trained because they broke limits, in all and by limit."""

    proposals: Count
    tflite_bytes: Count
    macs: Count
    activation_bytes: Count


class Winner(Record):
    """The trial that won, with the same fields, and the network that it describes."""

    number: Count
    choices: Choices
    network: NetworkSpec
    validation_accuracy: Share
    tflite_bytes: Count
    macs: Count
    activation_bytes: Count


class TunedNetwork(Record):
    """The winner's network, for the steps that build on it."""

    network: NetworkSpec
    choices: Choices


class FullTraining(Record):
    """The winner's training on all rows."""

    epochs: Count
    work: Annotated[float, about("Multiply-accumulates x images x epochs.")]
    validation: Score
    recipe: Recipe


class PricedTrial(Record):
    """A trial with its cost, accuracy and standing at a rung."""

    number: Count
    cost: Annotated[float, about("In bytes or CPU-seconds.")]
    accuracy: Share
    standing: Annotated[Standing, about("``frontier``, ``tied`` with it within noise, or ``behind``.")]
    won: bool


class RungFrontier(AtRung):
    """The trials of a rung against their cost."""

    points: tuple[PricedTrial, ...]
    margin: Annotated[float, about("One standard error of the best accuracy.")]
    num_images: Annotated[Count, about("Validation images.")]


@dataclass(frozen=True)
class Importance:
    """Importance of one hyperparameter in a search.

    Attributes:
        name: Of the hyperparameter.
        share: Its part of the variance that single hyperparameters explain, 0 to 1.
        by_chance: The largest such part among the shuffles of the accuracies.
    """

    name: str
    share: float
    by_chance: float


class SweepResult(Record):
    """The result of the step ``sweep``, without anything that differs when it is repeated."""

    winner: Winner
    trials: tuple[Trial, ...]
    refused: Refused
    max_work: Annotated[float | None, about("Modelled work that all trials might be; null: no bound.")]
    limits: Annotated[HardLimits, about("What the search kept to: the device's limits or tighter ones.")]
    tie_standard_errors: Annotated[float, about("Within which accuracies counted as equal.")]
    full_training: FullTraining
    importance_shuffles: Annotated[Count, about("That importances were compared with.")]
    importances: Annotated[
        tuple[Importance, ...], about("The most important first; empty for few trials.")
    ]
    frontiers: tuple[RungFrontier, ...]

    @property
    def work(self) -> float:
        """Modelled work of all trials: multiply-accumulates x images x epochs."""
        return sum(trial.work for trial in self.trials)


class TrialTime(Record):
    """CPU-seconds of a trial at one rung."""

    number: Count
    rung: Count
    cpu_s: float


class SweepTiming(Record):
    """What the trials cost, and their frontiers against CPU-seconds."""

    trials: tuple[TrialTime, ...]
    frontiers: tuple[RungFrontier, ...]
