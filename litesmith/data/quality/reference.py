"""What batches are compared with: the images that were accepted before them."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.data.quality.drift import AcceptedMeasures, accept_measures
from litesmith.data.quality.judge import Judge, fit_judge, losses
from litesmith.data.quality.labels import LabelFit, Suggestions, fit_labels, suggest
from litesmith.data.quality.measures import Measures
from litesmith.data.quality.mix import compare_mix
from litesmith.params.sections.validate import ValidateParams

# Beside the measures: class mix, missing classes, losses over labels, doubts about labels.
_OTHER_TESTS = 4


@dataclass(frozen=True)
class Content:
    """What a batch, or a part of the first one, holds.

    Attributes:
        num_images: Of them.
        mean: Of all pixels, grey, 0 to 1.
        std: Their standard deviation.
        counts: Of each class, int64 (classes,).
    """

    num_images: int
    mean: float
    std: float
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Comparison:
    """How a batch compares with the accepted images.

    Probabilities are those of so much or more by chance, times the number of comparisons that a batch is
    put to (Bonferroni), at most 1.

    Attributes:
        drift: Largest difference of the distributions of the measure that drifted most clearly.
        drift_of: That measure.
        drift_p: Its probability; 1 for a difference that does not count.
        class_mix: Share of the images that had to be of other classes.
        class_mix_p: Its probability.
        rarest: The class that is missing most clearly.
        missing_class_p: Its probability.
        loss_excess: Of the labels, in nats over what is expected.
        label_loss_p: Its probability.
        doubt_excess: Share of labels that do not fit, over what is expected.
        label_doubts_p: Its probability.
    """

    drift: float = 0.0
    drift_of: str = ""
    drift_p: float = 1.0
    class_mix: float = 0.0
    class_mix_p: float = 1.0
    rarest: int = 0
    missing_class_p: float = 1.0
    loss_excess: float = 0.0
    label_loss_p: float = 1.0
    doubt_excess: float = 0.0
    label_doubts_p: float = 1.0


@dataclass(frozen=True)
class Reference:
    """Accepted images as later batches are compared with them.

    Attributes:
        judge: Of labels, trained on them.
        labels: How well their own labels fit.
        measures: Of them.
        counts: Of each class, int64 (classes,).
    """

    judge: Judge
    labels: LabelFit
    measures: AcceptedMeasures
    counts: NDArray[np.int64]


@dataclass(frozen=True)
class Fitted:
    """A reference, and unseen suggestions for its own images."""

    reference: Reference
    suggestions: Suggestions


def fit_reference(
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    keys: NDArray[np.uint64],
    measures: Measures,
    num_classes: int,
) -> Fitted:
    """Make accepted images the reference.

    Args:
        images: All, uint8 (all, height, width, channels).
        rows: Of the accepted ones, int64 (n,).
        labels: Their classes, int64 (n,).
        keys: Of `litesmith.data.quality.judge.content_keys`, uint64 (n,).
        measures: Of these n images.
        num_classes: In all.
    """
    judge, unseen = fit_judge(images, rows, labels, keys, num_classes)
    fit = fit_labels(unseen, labels)
    accepted = accept_measures(measures.names, measures.values, labels, num_classes)
    counts = np.bincount(labels, minlength=num_classes).astype(np.int64)
    suggestions = suggest(unseen, labels, fit.thresholds)
    return Fitted(Reference(judge, fit, accepted, counts), suggestions)


def compare(
    reference: Reference,
    labels: NDArray[np.int64],
    measures: Measures,
    probabilities: NDArray[np.float32],
    params: ValidateParams,
) -> Comparison:
    """Compare images of a batch with the reference.

    Args:
        reference: Of the images that were accepted before.
        labels: Classes of the batch's images, int64 (n,).
        measures: Of the n images.
        probabilities: Of the reference's judge for them, float32 (n, classes).
        params: Thresholds.
    """
    num_tests = len(measures.names) + _OTHER_TESTS
    drift = reference.measures.drift(measures.values, labels, params.max_brightness_shift)
    p_values = np.where(drift.distances < params.min_drift, 1.0, drift.p_values)
    most = int(np.lexsort((-drift.distances, p_values))[0])
    counts = np.bincount(labels, minlength=len(reference.counts)).astype(np.int64)
    mix = compare_mix(counts, reference.counts, params.max_mix_shift)
    # The judge knows nothing of a class that it has not seen.
    known = reference.counts[labels] > 0
    labels, probabilities = labels[known], probabilities[known]
    named = suggest(probabilities, labels, reference.labels.thresholds)
    doubts = (named.labels != labels).astype(np.float64)
    tolerated = params.min_label_excess
    loss, loss_p = reference.labels.losses.excess(losses(probabilities, labels), labels, tolerated)
    doubt, doubt_p = reference.labels.doubts.excess(doubts, labels, tolerated)

    def adjusted(probability: float) -> float:
        return min(1.0, float(probability) * num_tests)

    return Comparison(
        drift=float(drift.distances[most]),
        drift_of=measures.names[most],
        drift_p=adjusted(p_values[most]),
        class_mix=mix.distance,
        class_mix_p=adjusted(mix.distance_p),
        rarest=mix.rarest,
        missing_class_p=adjusted(mix.rarest_p),
        loss_excess=loss,
        label_loss_p=adjusted(loss_p),
        doubt_excess=doubt,
        label_doubts_p=adjusted(doubt_p),
    )


def describe_content(labels: NDArray[np.int64], measures: Measures, num_classes: int) -> Content:
    """Describe images by their classes, int64 (n,), and measures."""
    counts = np.bincount(labels, minlength=num_classes).astype(np.int64)
    if not len(labels):
        return Content(0, 0.0, 0.0, counts)
    means = measures.column("brightness").astype(np.float64)
    squares = measures.column("contrast").astype(np.float64) ** 2 + means**2
    mean = float(means.mean())
    return Content(len(labels), mean, float(np.sqrt(max(squares.mean() - mean**2, 0.0))), counts)
