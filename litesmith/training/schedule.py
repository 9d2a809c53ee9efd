"""Learning rates of a training, and images of each epoch."""

import numpy as np
from numpy.typing import NDArray

from litesmith.params.sections.recipe import Recipe


def one_cycle(progress: NDArray[np.float64], recipe: Recipe) -> NDArray[np.float32]:
    """Return one-cycle rates: a line up, half a cosine down.

    Args:
        progress: float64, any shape, share of the training that is done, 0 to 1.
        recipe: Has the highest rate and the share of the rise.

    Source: Smith and Topin, "Super-convergence", arXiv:1708.07120; the cosine as in PyTorch's
        OneCycleLR.
    """
    warmup = recipe.warmup_share
    fall = 0.5 * (1 + np.cos(np.pi * (progress - warmup) / (1 - warmup)))
    rates = recipe.learning_rate * np.where(progress < warmup, progress / warmup, fall)
    return np.asarray(rates, np.float32)


def epoch_rates(epoch: int, num_steps: int, recipe: Recipe) -> NDArray[np.float32]:
    """Return the learning rates of an epoch's steps, float32 (num_steps,)."""
    return one_cycle((epoch + (np.arange(num_steps) + 0.5) / num_steps) / recipe.epochs, recipe)


def choose_images(
    losses: NDArray[np.float32], recipe: Recipe, epoch: int, *, seed: int
) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """Choose hard examples (loss above average) and some easy ones.

    Args:
        losses: float32, (n,), of each image when it was last seen; NaN if it never was.
        recipe: Has the share of the easy ones to skip, and until when.
        epoch: Counted from 0.
        seed: Decides which, and the order.

    Returns:
        The images' numbers, int64 (m,), shuffled, and the weight of each, float32 (m,), which is higher
        for easy ones where others are skipped.

    Source: Qin et al., "InfoBatch: lossless training speed up by unbiased dynamic data pruning",
        arXiv:2303.04947.
    """
    generator = np.random.default_rng(seed)
    skip_share = recipe.skip_share if epoch < recipe.skip_until * recipe.epochs else 0.0
    easy = losses < np.nanmean(losses) if np.isfinite(losses).any() else np.zeros(len(losses), bool)
    skipped = easy & (generator.random(len(losses)) < skip_share)
    if len(losses) - skipped.sum() < recipe.batch_size:
        skipped[:], skip_share = False, 0.0
    order = generator.permutation(np.flatnonzero(~skipped))
    return order, np.where(easy[order], 1 / (1 - skip_share), 1.0).astype(np.float32)
