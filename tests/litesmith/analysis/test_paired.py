import numpy as np
import pytest

from litesmith.analysis.paired import Difference, paired, paired_counts, unpaired


def test_counts_give_what_the_answers_give() -> None:
    after = np.array([True] * 70 + [False] * 20 + [True] * 10)
    before = np.array([True] * 70 + [False] * 25 + [True] * 5)
    gained, lost = int((after & ~before).sum()), int((~after & before).sum())
    counted, compared = paired_counts(gained, lost, len(after)), paired(after, before)
    assert (counted.mean, counted.standard_error) == pytest.approx(
        (compared.mean, compared.standard_error)
    )


def test_images_answered_alike_make_a_paired_difference_sharper() -> None:
    counted, apart = paired_counts(30, 10, 1_000), unpaired(0.92, 1_000, 0.90, 1_000)
    assert counted.mean == pytest.approx(apart.mean)
    assert counted.standard_error < apart.standard_error / 2


def test_several_pictures_of_an_image_count_as_one_image() -> None:
    after = np.array([[True, True, False], [True, False, False]])
    before = np.zeros_like(after)
    assert paired(after, before).mean == pytest.approx(0.5)
    assert paired(after, before).standard_error == pytest.approx((1 / 6) ** 0.5 / 3**0.5)


@pytest.mark.parametrize(
    ("mean", "outcome"), [(0.03, "better"), (-0.03, "worse"), (0.019, "even"), (0.0, "even")]
)
def test_difference_is_even_when_its_interval_holds_zero(mean: float, outcome: str) -> None:
    difference = Difference(mean, 0.01)
    assert difference.outcome == outcome
    assert (difference.low, difference.high) == pytest.approx((mean - 0.0196, mean + 0.0196), abs=1e-4)
