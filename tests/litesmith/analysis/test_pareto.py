"""Tests of litesmith.analysis.pareto."""

import pytest

from litesmith.analysis.pareto import Priced, frontier, standard_error, standings

# Of 5,000 images one standard error at 0.89 is 0.0044.
NUM_IMAGES = 5_000
CHEAP, GOOD, NEAR, BAD, BEST = (
    Priced(50, 0.880), Priced(60, 0.888), Priced(65, 0.886), Priced(70, 0.870), Priced(90, 0.890),
)  # fmt: skip
THINGS = [BEST, BAD, CHEAP, NEAR, GOOD]


def test_frontier_is_whom_nobody_beats_at_both_the_cheapest_first() -> None:
    assert [THINGS[position] for position in frontier(THINGS)] == [CHEAP, GOOD, BEST]


def test_equals_are_all_on_the_frontier() -> None:
    assert frontier([CHEAP, CHEAP, BAD]) == [0, 1]


def test_same_cost_and_less_accuracy_is_not() -> None:
    assert frontier([Priced(50, 0.9), Priced(50, 0.8)]) == [0]


def test_who_is_within_a_standard_error_below_is_tied() -> None:
    assert dict(zip(THINGS, standings(THINGS, NUM_IMAGES), strict=True)) == {
        CHEAP: "frontier", GOOD: "frontier", BEST: "frontier", NEAR: "tied", BAD: "behind",
    }  # fmt: skip


def test_noise_shrinks_with_the_images() -> None:
    assert standings(THINGS, 1_000_000)[3] == "behind"
    assert standard_error(0.89, 5_000) == pytest.approx(0.004425, abs=1e-6)
