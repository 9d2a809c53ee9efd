"""Epoch by epoch: what a training reached."""

import logging
import math

from litesmith.errors import DivergedError
from litesmith.records.record import EpochScores

_LOG = logging.getLogger(__name__)


History = list[EpochScores]


def history_csv(history: History) -> str:
    """Return a history as CSV, one line for each epoch."""
    lines = [
        ",".join(EpochScores.model_fields),
        *(",".join(f"{value:.9g}" for _, value in row) for row in history),
    ]
    return "\n".join(lines) + "\n"


def require_finite(loss: float, name: str, epoch: int) -> None:
    """Raise `DivergedError` unless the loss of an epoch, counted from 1, is a number."""
    if not math.isfinite(loss):
        raise DivergedError(
            f"the loss of {name} became {loss} in epoch {epoch}. Lower the learning rate."
        )


def log_epoch(name: str, history: History, num_epochs: int, epoch_s: float) -> None:
    """Log the last epoch, and how long the rest will take."""
    last = history[-1]
    left_s = math.ceil((num_epochs - len(history)) * epoch_s)
    _LOG.info(
        "%s: epoch %d/%d, loss %.4f, accuracy %.4f, validation loss %.4f, accuracy %.4f, %d:%02d left",
        name, last.epoch, num_epochs, last.loss, last.accuracy, last.val_loss, last.val_accuracy,
        left_s // 60, left_s % 60,
    )  # fmt: skip
