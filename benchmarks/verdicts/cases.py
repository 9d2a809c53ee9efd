"""Answers drawn for models whose truth is known, and what is called good of them."""

from dataclasses import dataclass
from itertools import product
from math import sqrt

import numpy as np
from numpy.random import Generator
from numpy.typing import NDArray

from litesmith.analysis.balance import balance_of_confusion, over_majority
from litesmith.analysis.intervals import CONFIDENCE, quantile
from litesmith.analysis.outcome import no_worse
from litesmith.analysis.paired import paired_counts
from litesmith.params.section import Count, Section, Share


class Config(Section):
    """All of ``verdicts.yaml``."""

    draws: Count
    seed: int
    num_images: list[Count]
    gains: list[float]
    disagreements: list[Share]
    baseline_accuracy: Share
    majorities: list[Share]
    max_wrongly_good: Share
    min_good: Share


@dataclass(frozen=True)
class Case:
    """One truth, and the share of its draws that is called good.

    Attributes:
        model: What the final file is.
        gain: Its true accuracy minus the baseline's.
        disagreement: Images that one of the two alone gets right.
        before: Called good by the rule that was there before.
    """

    model: str
    num_images: int
    gain: float
    disagreement: float
    good: float
    before: float


def trained(config: Config, relevant_loss: float, rng: Generator) -> list[Case]:
    """Return the cases of a final file that has learned something."""
    cases = []
    for num_images, gain, apart in product(config.num_images, config.gains, config.disagreements):
        gained, lost = (apart + gain) / 2, (apart - gain) / 2
        both = config.baseline_accuracy - lost
        counts = rng.multinomial(
            num_images, [gained, lost, both, 1 - gained - lost - both], config.draws
        )
        judged = [
            (
                is_good(_evenly(won + right, num_images), won, gone, relevant_loss),
                good_before(won, gone, num_images),
            )
            for won, gone, right, _ in counts.tolist()
        ]
        good, before = np.mean(judged, axis=0).tolist()
        cases.append(Case("trained", num_images, gain, apart, good, before))
    return cases


def guessing(config: Config, relevant_loss: float, rng: Generator) -> list[Case]:
    """Return the cases of a file and a baseline that draw their answers by lot."""
    cases = []
    for num_images, share in product(config.num_images, config.majorities):
        judged = []
        for _ in range(config.draws):
            labels, file, baseline = (rng.random((3, num_images)) >= share).astype(int)
            confusion = np.bincount(2 * labels + file, minlength=4).reshape(2, 2)
            right, was = file == labels, baseline == labels
            won, gone = int((right & ~was).sum()), int((was & ~right).sum())
            judged.append(
                (is_good(confusion, won, gone, relevant_loss), good_before(won, gone, num_images))
            )
        good, before = np.mean(judged, axis=0).tolist()
        model = f"by lot, {100 * share:g} % of one class"
        cases.append(Case(model, num_images, 0.0, 2 * share * (1 - share), good, before))
    return cases


def is_good(confusion: NDArray[np.int64], gained: int, lost: int, relevant_loss: float) -> bool:
    """Judge as `litesmith.report.facts` does by accuracy and classes."""
    gain = paired_counts(gained, lost, int(confusion.sum()))
    facts = (
        no_worse(gain.low, gain.high, relevant_loss),
        balance_of_confusion(confusion).above_chance,
        over_majority(confusion).surpassed,
    )
    return all(fact is True for fact in facts)


def good_before(gained: int, lost: int, num_images: int) -> bool:
    """Judge by whether the interval of Wald excludes that it is no worse."""
    mean = (gained - lost) / num_images
    error = sqrt(((gained + lost) / num_images - mean**2) / num_images)
    return mean + quantile(CONFIDENCE) * error >= 0


def _evenly(num_right: int, num_images: int) -> NDArray[np.int64]:
    """Return a confusion of two classes of the same size with this many right answers."""
    sizes = np.array([num_images - num_images // 2, num_images // 2])
    right = np.array([num_right - num_right // 2, num_right // 2]).clip(0, sizes)
    return np.array([[right[0], sizes[0] - right[0]], [sizes[1] - right[1], right[1]]])
