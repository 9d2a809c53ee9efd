"""Exact tests and bounds from counts, and corrections for asking often."""

from collections.abc import Sequence

import numpy as np


def mcnemar(num_gained: int, num_lost: int, *, one_sided: bool = False) -> float:
    """Return the p-value of McNemar's exact test of two models on the same images.

    Images on which both are right, or both wrong, say nothing. Of the others each falls to either model
    with a chance of one half where the two are equally accurate.

    Args:
        num_gained: Images that the one model alone got right.
        num_lost: Images that the other alone got right.
        one_sided: Test that the one is better; otherwise that they differ.

    Source: McNemar, "Note on the sampling error of the difference between correlated proportions or
        percentages", Psychometrika, 1947; exact as in Fagerland, Lydersen and Laake, "The McNemar test
        for binary matched-pairs data", BMC Medical Research Methodology, 2013.
    """
    if one_sided:
        return _tail(num_gained, num_gained + num_lost, 0.5)
    return min(1.0, 2 * _tail(max(num_gained, num_lost), num_gained + num_lost, 0.5))


def holm(p_values: Sequence[float]) -> list[float]:
    """Return the adjusted p-values of several tests, in their order.

    Where those at most a level are taken for real, one or more of them wrongly so has at most that
    chance, whatever ties the tests to each other.

    Args:
        p_values: One for each test, 0 to 1.

    Source: Holm, "A simple sequentially rejective multiple test procedure", Scandinavian Journal of
        Statistics, 1979.
    """
    adjusted, highest = [0.0] * len(p_values), 0.0
    order = sorted(range(len(p_values)), key=lambda test: p_values[test])
    for rank, test in enumerate(order):
        highest = max(highest, min(1.0, (len(order) - rank) * p_values[test]))
        adjusted[test] = highest
    return adjusted


def share_at_most(num: int, total: int, level: float) -> float:
    """Return the exact upper bound of a share, 1 without images.

    The true share lies above it with at most the chance ``level``.

    Args:
        num: Images counted, at most ``total``.
        total: At least 0.
        level: Of the one-sided test, above 0 and below 1.

    Source: Clopper and Pearson, "The use of confidence or fiducial limits illustrated in the case of the
        binomial", Biometrika, 1934.
    """
    from scipy.special import betaincinv

    return 1.0 if num == total else float(betaincinv(num + 1, total - num, 1 - level))


def share_at_least(num: int, total: int, level: float) -> float:
    """Return the lower bound of a share, the counterpart of `share_at_most`; 0 without images."""
    from scipy.special import betaincinv

    return 0.0 if num == 0 else float(betaincinv(num, total - num + 1, level))


def median_interval(values: Sequence[float], level: float) -> tuple[float, float, float]:
    """Return the median and the ends of its exact interval, which are values themselves.

    Args:
        values: At least one, drawn independently.
        level: The true median lies outside with at most this chance, unless the values are too few.

    Source: the sign test turned round; Conover, "Practical nonparametric statistics", 1999, section 3.2.
    """
    ordered = np.sort(np.asarray(values, np.float64))
    outside = 0
    while outside + 1 <= len(ordered) // 2 and _tail(len(ordered) - outside, len(ordered), 0.5) <= (
        level / 2
    ):
        outside += 1
    outside = max(outside - 1, 0)
    return float(np.median(ordered)), float(ordered[outside]), float(ordered[-1 - outside])


def smallest_shown(num_disagreeing: int, num_images: int, level: float) -> float:
    """Return the smallest gain in accuracy that these images could show by `mcnemar`, one-sided.

    Args:
        num_disagreeing: Images that one of the two models alone got right.
        num_images: All images.
        level: Of the test.

    Returns:
        A fraction. Where even all disagreeing images would not do, that of the fewest that would.
    """
    num = num_disagreeing
    while 0.5**num > level:
        num += 1
    gained = num // 2
    while _tail(gained, num, 0.5) > level:
        gained += 1
    return (2 * gained - num) / num_images


def _tail(num: int, total: int, share: float) -> float:
    """Return the chance of ``num`` or more of ``total``."""
    from scipy.special import bdtrc

    return 1.0 if num <= 0 else float(bdtrc(num - 1, total, share))
