"""Tests of litesmith.analysis.spread."""

import numpy as np
import pytest

from litesmith.analysis.spread import range_probability, spread


@pytest.mark.parametrize(("num", "width"), [(2, 2.772), (4, 3.633), (8, 4.286), (20, 5.012)])
def test_the_range_is_exceeded_as_often_as_its_published_quantiles_say(num: int, width: float) -> None:
    assert range_probability(width, num) == pytest.approx(0.05, abs=2e-4)


def test_it_agrees_with_drawn_values() -> None:
    drawn = np.random.default_rng(3).normal(size=(200_000, 4))
    share = float((np.ptp(drawn, axis=1) >= 2.5).mean())
    assert range_probability(2.5, 4) == pytest.approx(share, abs=0.005)


def test_a_span_of_160_hundredths_among_four_is_one_thing_everywhere() -> None:
    """Once the notes called 1.60 points chance while the page counted what lies outside a standard error."""
    seen = spread([0.8723, 0.8711, 0.8678, 0.8563], 0.0047)
    assert seen.span == pytest.approx(0.016) and seen.num_models == 4
    assert seen.in_standard_errors == pytest.approx(3.40, abs=0.01)
    assert not seen.is_beyond_chance and seen.by_chance == pytest.approx(0.077, abs=0.002)
    assert spread([0.8723, 0.8523], 0.0047).is_beyond_chance


def test_what_has_no_span_is_refused() -> None:
    with pytest.raises(ValueError, match="1 accuracies with a standard error"):
        spread([0.9], 0.01)
    with pytest.raises(ValueError, match="error of 0 have no span"):
        spread([0.9, 0.8], 0.0)
