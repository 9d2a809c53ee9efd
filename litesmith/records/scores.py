"""Scores that several steps record."""

from litesmith.records.record import Count, Record, Share


class Score(Record):
    """What a model reaches on a split.

    Attributes:
        accuracy: Share of images classified right, 0 to 1.
        loss: Mean cross-entropy in nats.
    """

    accuracy: Share
    loss: float


class EpochScores(Record):
    """Losses and accuracies of an epoch.

    Attributes:
        epoch: Counted from 1.
        loss: Mean loss on changed images while learning.
        accuracy: Share of these classified right, 0 to 1.
        val_loss: Mean cross-entropy on validation, in nats.
        val_accuracy: Share of the validation images classified right, 0 to 1.
        learning_rate: At the epoch's last step.
    """

    epoch: Count
    loss: float
    accuracy: Share
    val_loss: float
    val_accuracy: Share
    learning_rate: float
