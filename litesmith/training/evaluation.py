"""Scores of a Keras model on a split."""

from collections.abc import Callable

import numpy as np

from litesmith.analysis.balance import balance_of
from litesmith.data.splits import Split
from litesmith.records.record import Score
from litesmith.training.augmentation import to_pixels
from litesmith.training.backend import tf
from litesmith.training.types import KerasModel

# Images that Keras answers at once. No parameter: it moves results by less than a float's rounding.
EVALUATION_BATCH = 500


def evaluate(model: KerasModel, split: Split) -> Score:
    """Return accuracy, loss and balance of a model on a split."""
    return evaluator(model, split)()


def evaluator(model: KerasModel, split: Split) -> Callable[[], Score]:
    """Return a function that scores a model without tracing anew."""
    images, labels = tf.constant(split.images), np.asarray(split.labels)
    predict = tf.function(lambda batch: model(to_pixels(batch), training=False), autograph=False)

    def score() -> Score:
        starts = range(0, len(labels), EVALUATION_BATCH)
        batches = [predict(images[start : start + EVALUATION_BATCH]).numpy() for start in starts]
        probabilities = np.concatenate(batches)
        of_label = probabilities[np.arange(len(labels)), labels].astype(np.float64)
        predicted = probabilities.argmax(axis=1)
        loss = float(-np.log(np.maximum(of_label, 1e-12)).mean())
        return Score(
            accuracy=round(float((predicted == labels).mean()), 6),
            loss=round(loss, 6),
            balance=balance_of(labels, predicted),
        )

    return score
