import numpy as np
import pytest

from litesmith.data.quality.mix import compare_mix


def counts(*numbers: int) -> np.ndarray:
    return np.array(numbers, np.int64)


EVEN = counts(*[1000] * 10)


def test_distance_is_the_share_that_had_to_change() -> None:
    mix = compare_mix(counts(30, 10), counts(500, 500), 0.2)
    assert mix.distance == pytest.approx(0.25)
    assert mix.distance_p > 0.5


def test_two_of_ten_classes_are_another_mix() -> None:
    mix = compare_mix(counts(750, 750, *[0] * 8), EVEN, 0.2)
    assert mix.distance == pytest.approx(0.8)
    assert mix.distance_p < 1e-9


def test_a_missing_class_is_told_where_the_count_makes_it_clear() -> None:
    for size, told in ((3, False), (10, False), (40, True)):
        mix = compare_mix(counts(*[size] * 9, 0), EVEN, 0.2)
        assert mix.rarest == 9
        assert (mix.rarest_p < 1e-4) == told


def test_a_class_without_accepted_images_cannot_be_missing() -> None:
    mix = compare_mix(counts(100, 100, 0), counts(500, 500, 0), 0.2)
    assert mix.rarest_p > 0.5


@pytest.mark.parametrize("size", [100, 400, 10_000])
def test_shares_that_moved_by_a_fifth_are_no_other_mix(size: int) -> None:
    rng = np.random.default_rng(size)
    p_values = []
    for _ in range(300):
        weights = np.full(10, 0.8 / 10)
        weights[rng.integers(10)] += 0.2
        p_values.append(compare_mix(rng.multinomial(size, weights), EVEN, 0.2))
    assert np.mean([mix.distance_p < 1e-3 for mix in p_values]) <= 0.01
    assert np.mean([mix.rarest_p < 1e-3 for mix in p_values]) <= 0.01


def test_nothing_is_no_other_mix() -> None:
    assert compare_mix(counts(0, 0), counts(5, 5), 0.2).distance_p == 1
    assert compare_mix(counts(5, 0), counts(0, 0), 0.2).rarest_p == 1
