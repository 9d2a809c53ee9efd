"""Evaluation of models on images without influence on choices."""

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Literal

import numpy as np
import pandas as pd
from numpy.typing import NDArray

from litesmith.analysis import scores
from litesmith.analysis.intervals import CONFIDENCE
from litesmith.data.splits import Split
from litesmith.files import replacing
from litesmith.tflite.precisions.registry import precision
from litesmith.tflite.sizes import Size

_NO_LOSS = "its probabilities come in steps of 1/256, so that most are 0 and have no logarithm"


@dataclass(frozen=True)
class Variant:
    """A model in a format and precision, with its outputs.

    Attributes:
        model: Which of the trained models it is.
        probabilities: float32 (n, classes).
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


def describe_variant(
    variant: Variant, labels: NDArray[np.uint8], class_names: Sequence[str]
) -> dict[str, Any]:
    """Return the scores and sizes of a variant.

    Args:
        variant: The variant.
        labels: True classes (n,).
        class_names: In the order of the classes.

    Returns:
        ``loss`` is None for integer files, with ``loss_reason``: see `_NO_LOSS`.
    """
    predicted = variant.predicted
    coarse = precision(variant.precision).is_integer
    return {
        "label": variant.label,
        "model": variant.model,
        "format": variant.format,
        "precision": variant.precision,
        "accuracy": scores.accuracy(labels, predicted),
        "accuracy_interval": list(scores.accuracy_interval(labels, predicted, CONFIDENCE)),
        "loss": None if coarse else scores.loss(labels, variant.probabilities),
        **({"loss_reason": _NO_LOSS} if coarse else {}),
        "bytes": variant.size.raw_bytes,
        "gzip_bytes": variant.size.gzip_bytes,
        "per_class": [asdict(name) for name in scores.per_class(labels, predicted, class_names)],
        "confusion": scores.confusion(labels, predicted, len(class_names)).tolist(),
    }


def confusion_rows(
    labels: NDArray[np.uint8], predicted: NDArray[np.uint8], class_names: Sequence[str]
) -> pd.DataFrame:
    """Return actual and predicted class of each image, for DVC.

    Sorted, as the order says nothing and a sorted file packs to a hundredth.
    """
    order = np.lexsort((predicted, labels))
    names = np.array(class_names)
    return pd.DataFrame({"actual": names[labels[order]], "predicted": names[predicted[order]]})


def write_predictions(
    path: Path, variants: Mapping[str, Variant], split: Split, pictured: list[str]
) -> None:
    """Write all predictions; the same ones give the same bytes.

    The file is an ``.npz`` with ``ids`` (int64, n), ``labels`` (uint8, n), ``variants`` (names, v),
    ``predicted`` (uint8, v x n), ``confidence`` (float32, v x n), and of the images that some variant in
    ``pictured`` got wrong ``wrong_rows`` (int64, k) and ``wrong_images`` (uint8, k x height x width).

    Args:
        path: The file.
        variants: By name.
        split: The images that were shown to them.
        pictured: Names of the variants whose mistakes are kept as pictures.
    """
    predicted = np.stack([variant.predicted for variant in variants.values()])
    wrong = np.flatnonzero(
        np.any([variants[name].predicted != split.labels for name in pictured], axis=0)
    )
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
