"""A small judge of labels: softmax regression on principal components of the pixels.

It is trained on accepted images and says of others how well their labels fit. It is no good classifier;
it costs seconds, and what it thinks of labels that are known to be sound tells how far to trust it.

Source: I. T. Jolliffe, "Principal Component Analysis", 2002; N. Halko, P.-G. Martinsson, J. A. Tropp,
"Finding structure with randomness", 2011 (the components).
"""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import minimize
from sklearn.utils.extmath import randomized_svd

from litesmith.data.quality.measures import chunks

_NUM_COMPONENTS = 50
_COMPONENT_ROWS = 5_000
# Of few images only as many components as they can tell from chance.
_ROWS_PER_COMPONENT = 10
_MOST_ROWS = 10_000
# Images beyond this side are shrunk by whole blocks first.
_MOST_SIDE = 32
_FEW_ROWS = 4_000
_FOLDS, _FOLDS_OF_FEW = 2, 5
_DECAY = 3e-4
_ITERATIONS = 150
# Of a given label: how surprised the judge may be by one image.
_LEAST_PROBABILITY = 1e-4


@dataclass(frozen=True)
class Components:
    """Principal components of pixels, scaled to unit variance.

    Attributes:
        block: Side of the blocks of pixels whose means count.
        mean: float32 (pixels,).
        axes: float32 (pixels, components).
    """

    block: int
    mean: NDArray[np.float32]
    axes: NDArray[np.float32]

    def features(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return the features, float32 (n, components), of uint8 (n, height, width, channels)."""
        features = np.zeros((len(images), self.axes.shape[1]), np.float32)
        for part in chunks(len(images), images[:1].size):
            pixels = shrink(np.asarray(images[part]), self.block)
            features[part] = (pixels - self.mean) @ self.axes
        return features


@dataclass(frozen=True)
class Judge:
    """Softmax regressions whose probabilities are averaged.

    Attributes:
        components: Of the pixels.
        weights: float32 (regressions, components + 1, classes), the constants last.
    """

    components: Components
    weights: NDArray[np.float32]

    def probabilities(self, images: NDArray[np.uint8]) -> NDArray[np.float32]:
        """Return probabilities, float32 (n, classes), for uint8 (n, height, width, channels)."""
        features = self.components.features(images)
        parts = [_probabilities(features, weights) for weights in self.weights]
        return (sum(parts[1:], parts[0]) / np.float32(len(parts))).astype(np.float32)


def fit_judge(
    images: NDArray[np.uint8],
    rows: NDArray[np.int64],
    labels: NDArray[np.int64],
    keys: NDArray[np.uint64],
    num_classes: int,
) -> tuple[Judge, NDArray[np.float32]]:
    """Train a judge; judge each image by what has not seen it.

    Args:
        images: Of which ``rows`` are taken, uint8 (all, height, width, channels).
        rows: Of the accepted images, int64 (n,).
        labels: Their classes, int64 (n,).
        keys: Of `content_keys`, uint64 (n,): which part an image belongs to follows from its key.
        num_classes: In all.

    Returns:
        The judge, and probabilities of the images in ``rows``, float32 (n, classes).
    """
    by_key = np.argsort(keys, kind="stable")
    components = _fit_components(images, np.sort(rows[by_key[:_COMPONENT_ROWS]]))
    features = np.zeros((len(rows), components.axes.shape[1]), np.float32)
    for part in chunks(len(rows), images[:1].size):
        features[part] = components.features(images[rows[part]])
    num_folds = _FOLDS_OF_FEW if len(rows) < _FEW_ROWS else _FOLDS
    folds = (keys % np.uint64(num_folds)).astype(np.int64)
    unseen = np.zeros((len(rows), num_classes), np.float32)
    weights = []
    for fold in range(num_folds):
        learned = by_key[folds[by_key] != fold][:_MOST_ROWS]
        weights.append(_fit_softmax(features[learned], labels[learned], num_classes))
        unseen[folds == fold] = _probabilities(features[folds == fold], weights[-1])
    return Judge(components, np.stack(weights)), unseen


def content_keys(digests: Sequence[str], groups: Sequence[str]) -> NDArray[np.uint64]:
    """Return a number for each image, from its group or else its digest."""
    names = [
        f"group {group}" if group else digest for digest, group in zip(digests, groups, strict=True)
    ]
    hashes = (hashlib.blake2b(name.encode("utf-8", "surrogatepass"), digest_size=8) for name in names)
    return np.array([int.from_bytes(key.digest(), "little") for key in hashes], np.uint64)


def losses(probabilities: NDArray[np.float32], labels: NDArray[np.int64]) -> NDArray[np.float64]:
    """Return the cross-entropy of given labels, float64 (n,) in nats, at most 9.2."""
    given = probabilities[np.arange(len(labels)), labels].astype(np.float64)
    result: NDArray[np.float64] = -np.log(np.maximum(given, _LEAST_PROBABILITY))
    return result


def shrink(pixels: NDArray[np.uint8], block: int) -> NDArray[np.float32]:
    """Return means of whole blocks in [0, 1], float32 (n, values)."""
    if block == 1:
        return pixels.reshape(len(pixels), -1).astype(np.float32) / np.float32(255)
    num, height, width, channels = pixels.shape
    high, wide = height // block, width // block
    whole = pixels[:, : high * block, : wide * block].astype(np.float32)
    sums = whole.reshape(num, high, block, wide, block, channels).sum(axis=(2, 4))
    flat: NDArray[np.float32] = sums.reshape(num, -1) / np.float32(255 * block**2)
    return flat


def _fit_components(images: NDArray[np.uint8], rows: NDArray[np.int64]) -> Components:
    block = -(-max(images.shape[1:3]) // _MOST_SIDE)
    pixels = shrink(images[rows], block)
    mean = pixels.mean(axis=0)
    num = min(_NUM_COMPONENTS, max(2, len(pixels) // _ROWS_PER_COMPONENT), *pixels.shape)
    _, sizes, axes = randomized_svd(pixels - mean, num, n_iter=4, random_state=0)
    deviations = np.maximum(sizes / np.sqrt(len(pixels)), 1e-4)
    return Components(block, mean, np.ascontiguousarray((axes / deviations[:, None]).T, np.float32))


def _probabilities(features: NDArray[np.float32], weights: NDArray[np.float32]) -> NDArray[np.float32]:
    scores = features @ weights[:-1] + weights[-1]
    scores -= scores.max(axis=1, keepdims=True)
    np.exp(scores, out=scores)
    scores /= scores.sum(axis=1, keepdims=True)
    probabilities: NDArray[np.float32] = scores
    return probabilities


def _fit_softmax(
    features: NDArray[np.float32], labels: NDArray[np.int64], num_classes: int
) -> NDArray[np.float32]:
    """Return the weights of least mean cross-entropy with weight decay."""
    extended = np.concatenate([features, np.ones((len(features), 1), np.float32)], axis=1)
    places, num = (np.arange(len(labels)), labels), max(len(labels), 1)
    # As if each weight were about 1 before any image was seen.
    decay = max(_DECAY, 1 / num)

    def cost(flat: NDArray[np.float64]) -> tuple[float, NDArray[np.float64]]:
        weights = flat.reshape(extended.shape[1], num_classes).astype(np.float32)
        scores = extended @ weights
        scores -= scores.max(axis=1, keepdims=True)
        given = scores[places].astype(np.float64)
        np.exp(scores, out=scores)
        sums = scores.sum(axis=1, keepdims=True)
        loss = float((np.log(sums[:, 0].astype(np.float64)) - given).sum()) / num
        scores /= sums
        scores[places] -= 1
        slope = (extended.T @ scores).astype(np.float64).ravel() / num
        return loss + decay / 2 * float(flat @ flat), slope + decay * flat

    start = np.zeros(extended.shape[1] * num_classes)
    options = {"maxiter": _ITERATIONS, "gtol": 1e-4, "ftol": 1e-7}
    found = minimize(cost, start, jac=True, method="L-BFGS-B", options=options)
    weights: NDArray[np.float32] = found.x.reshape(-1, num_classes).astype(np.float32)
    return weights
