"""Scores that several steps record."""

from litesmith.records.record import Record, Share


class Score(Record):
    """What a model reaches on a split.

    Attributes:
        accuracy: Share of images classified right, 0 to 1.
        loss: Mean cross-entropy in nats; None if it left the numbers.
    """

    accuracy: Share
    loss: float | None
