"""Scores of a training, epoch by epoch."""

import logging
import math

from litesmith.errors import DivergedError
from litesmith.records.record import EpochScores

_LOG = logging.getLogger(__name__)

History = list[EpochScores]


def history_csv(history: History) -> str:
    """Return a history as CSV, one line for each epoch."""
    rows = [EpochScores.model_fields, *([f"{value:.9g}" for _, value in row] for row in history)]
    return "".join(f"{','.join(row)}\n" for row in rows)


def require_finite(loss: float, name: str, epoch: int) -> None:
    """Raise `DivergedError` unless the loss of an epoch, counted from 1, is a number."""
    if not math.isfinite(loss):
        problem = f"the loss of {name} became {loss} in epoch {epoch}"
        raise DivergedError(f"{problem}. Lower the learning rate.")


def log_epoch(name: str, history: History, num_epochs: int, epoch_s: float) -> None:
    """Log the last epoch and the time left."""
    last = history[-1]
    left_s = math.ceil((num_epochs - len(history)) * epoch_s)
    _LOG.info(
        "%s: epoch %d/%d, loss %.4f, accuracy %.4f, validation loss %.4f, accuracy %.4f, %d:%02d left",
        name, last.epoch, num_epochs, last.loss, last.accuracy, last.val_loss, last.val_accuracy,
        *divmod(left_s, 60),
    )  # fmt: skip
