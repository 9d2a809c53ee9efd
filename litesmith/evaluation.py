"""Scores of models on images that no choice depends on."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litesmith.analysis import scores
from litesmith.analysis.balance import balance_of_confusion
from litesmith.analysis.intervals import CONFIDENCE, class_estimates, wilson
from litesmith.data.splits import Split
from litesmith.files import replacing
from litesmith.records.evaluate import Variant
from litesmith.tflite.precisions.registry import precision
from litesmith.tflite.sizes import Size

_NO_LOSS = "its probabilities come in steps of 1/256, so that most are 0 and have no logarithm"


@dataclass(frozen=True)
class Answers:
    """A trained model's file, and its answers to the images.

    ``probabilities`` are float32 (n, classes).
    """

    model: str
    format: Literal["keras", "tflite"]
    precision: str
    size: Size
    probabilities: NDArray[np.float32]

    @property
    def label(self) -> str:
        """Its name for people."""
        return f"{self.model}, {'Keras' if self.format == 'keras' else f'TFLite {self.precision}'}"

    @property
    def predicted(self) -> NDArray[np.uint8]:
        """The most probable class of each image, uint8 (n,)."""
        predicted: NDArray[np.uint8] = self.probabilities.argmax(axis=1).astype(np.uint8)
        return predicted

    @property
    def confidence(self) -> NDArray[np.float32]:
        """The highest probability of each image, float32 (n,)."""
        confidence: NDArray[np.float32] = self.probabilities.max(axis=1)
        return confidence


def score_variant(answers: Answers, labels: NDArray[np.uint8], class_names: Sequence[str]) -> Variant:
    """Return the scores and sizes of a variant, given the true classes (n,)."""
    confusion = scores.confusion(labels, answers.predicted, len(class_names))
    num_right = int(np.trace(confusion))
    interval = wilson(num_right, len(labels), CONFIDENCE)
    if interval is None:
        raise ValueError("there is no test image, expected at least one")
    coarse = precision(answers.precision).is_integer
    return Variant(
        label=answers.label,
        model=answers.model,
        format=answers.format,
        precision=answers.precision,
        accuracy=interval.value,
        accuracy_interval=(interval.low, interval.high),
        balance=balance_of_confusion(confusion),
        loss=None if coarse else scores.loss(labels, answers.probabilities),
        loss_reason=_NO_LOSS if coarse else None,
        bytes=answers.size.raw_bytes,
        gzip_bytes=answers.size.gzip_bytes,
        per_class=tuple(class_estimates(confusion, class_names, CONFIDENCE)),
        confusion=tuple(map(tuple, confusion.tolist())),
    )


def confusion_rows(
    labels: NDArray[np.uint8], predicted: NDArray[np.uint8], class_names: Sequence[str]
) -> pd.DataFrame:
    """Return actual and predicted class of each image, for DVC.

    Sorted, since the order says nothing and a sorted file packs to a hundredth.
    """
    order = np.lexsort((predicted, labels))
    names = np.array(class_names)
    return pd.DataFrame({"actual": names[labels[order]], "predicted": names[predicted[order]]})


def write_predictions(
    path: Path, variants: Mapping[str, Answers], split: Split, pictured: list[str]
) -> None:
    """Write all predictions; the same ones give the same bytes.

    The file is an ``.npz`` with ``ids`` (int64, n), ``labels`` (uint8, n), ``variants`` (names, v),
    ``predicted`` (uint8, v x n), ``confidence`` (float32, v x n), and of the images that some variant in
    ``pictured`` got wrong ``wrong_rows`` (int64, k) and ``wrong_images`` (uint8, k x height x width x
    channels).
    """
    predicted = np.stack([variant.predicted for variant in variants.values()])
    mistakes = [variants[name].predicted != split.labels for name in pictured]
    wrong = np.flatnonzero(np.any(mistakes, axis=0))
    with replacing(path) as part:
        np.savez_compressed(
            part,
            ids=split.ids,
            labels=split.labels,
            variants=np.array(list(variants)),
            predicted=predicted,
            confidence=np.stack([variant.confidence for variant in variants.values()]),
            wrong_rows=wrong,
            wrong_images=split.images[wrong],
        )
