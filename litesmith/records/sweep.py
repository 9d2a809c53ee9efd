"""What the search found."""

from typing import Literal

from litesmith.analysis.importance import Importance
from litesmith.analysis.pareto import Standing
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Count, Record, Score, Share

TrialState = Literal["complete", "pruned", "diverged", "infeasible"]
Choice = int | float | str
Choices = dict[str, Choice]
"""Hyperparameters of a trial, by name."""


class RungScore(Record):
    """What a trial reached at one rung.

    Attributes:
        rung: Counted from 0.
        loss: On validation, in nats; None if it left the numbers.
    """

    rung: Count
    epochs: Count
    num_rows: Count
    accuracy: Share
    loss: float | None


class Trial(Record):
    """One proposal of the search.

    Attributes:
        batch: With which others it was halved.
        state: ``complete``, ``pruned`` (behind its batch), ``diverged``, or ``infeasible`` (beyond a
            limit).
        reason: Why it was not trained or not to the end; empty otherwise.
        tflite_bytes: Of the int8 file of the untrained network.
        activation_bytes: Peak of live int8 activations.
        rungs: What it reached, from the shortest rung on.
    """

    number: Count
    batch: Count
    state: TrialState
    reason: str
    choices: Choices
    tflite_bytes: Count
    macs: Count
    activation_bytes: Count
    rungs: tuple[RungScore, ...]

    @property
    def scores(self) -> tuple[RungScore, ...]:
        """Scores of the rungs at which it did not diverge."""
        return tuple(score for score in self.rungs if score.loss is not None)


class Winner(Record):
    """The trial that won, with the same fields, and the network that it describes."""

    number: Count
    choices: Choices
    network: NetworkSpec
    validation_accuracy: Share
    tflite_bytes: Count
    macs: Count
    activation_bytes: Count


class FullTraining(Record):
    """The winner's training on all rows."""

    epochs: Count
    validation: Score
    recipe: Recipe


class PricedTrial(Record):
    """A trial with its cost, accuracy and standing at a rung.

    Attributes:
        cost: In bytes or CPU-seconds.
        standing: ``frontier``, ``tied`` with it within noise, or ``behind``.
    """

    number: Count
    cost: float
    accuracy: Share
    standing: Standing
    won: bool


class RungFrontier(Record):
    """The trials of a rung against their cost.

    Attributes:
        margin: One standard error of the best accuracy.
        num_images: Validation images.
    """

    rung: Count
    epochs: Count
    num_rows: Count
    points: tuple[PricedTrial, ...]
    margin: float
    num_images: Count


class SweepResult(Record):
    """The result of the step ``sweep``, without anything that differs when it is repeated.

    Attributes:
        limits: Of the device, which the search kept to.
        tie_standard_errors: Standard errors below the best accuracy that counted as equal.
        importance_shuffles: Shuffled outcomes that the importances were compared with.
        importances: How much each hyperparameter decided, the most first; empty for few trials.
    """

    winner: Winner
    trials: tuple[Trial, ...]
    limits: HardLimits
    tie_standard_errors: float
    full_training: FullTraining
    importance_shuffles: Count
    importances: tuple[Importance, ...]
    frontiers: tuple[RungFrontier, ...]


class TrialTime(Record):
    """CPU-seconds of a trial at one rung."""

    number: Count
    rung: Count
    cpu_s: float


class SweepTiming(Record):
    """What the trials cost, and their frontiers against CPU-seconds."""

    trials: tuple[TrialTime, ...]
    frontiers: tuple[RungFrontier, ...]
