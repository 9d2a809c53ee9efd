"""What the best of several candidates gains by luck alone."""

import math

import numpy as np

# Beyond this many deviations the density of a normal variable adds nothing.
_REACH, _STEPS = 12.0, 4801


def best_by_luck(num_candidates: int, num_images: int, share_discordant: float) -> float:
    """Return the gain that the best of several equal candidates is expected to show.

    Each candidate is compared with the model in service on the same images. Without a true difference
    the observed one is nearly normal around 0, with the variance of McNemar's test; the largest of
    several independent ones is above 0.

    Args:
        num_candidates: How many were judged, at least 1.
        num_images: On how many images, at least 1.
        share_discordant: Share of the images that one of two models alone gets right, 0 to 1.

    Returns:
        A difference of accuracies, 0 for a single candidate.

    Source: https://doi.org/10.1007/BF02295996 (McNemar 1947) for the variance.
    """
    deviations = np.linspace(-_REACH, _REACH, _STEPS)
    density = np.exp(-(deviations**2) / 2) / math.sqrt(2 * math.pi)
    step = deviations[1] - deviations[0]
    below = np.clip(np.cumsum(density) * step - density * step / 2, 0, 1)
    largest = num_candidates * density * below ** (num_candidates - 1)
    expected = float(np.sum(deviations * largest) * step)
    return max(expected, 0.0) * math.sqrt(share_discordant / num_images)
