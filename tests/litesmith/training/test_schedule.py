from typing import Any

import numpy as np
import pytest

from litesmith.params.sections.recipe import Recipe
from litesmith.training.schedule import choose_images, one_cycle
from tests.litesmith.training.test_loop import RECIPE


def test_one_cycle_rises_to_the_peak_and_falls_to_zero() -> None:
    rates = one_cycle(np.linspace(0, 1, 101), RECIPE)
    assert rates.argmax() == 25
    assert rates[25] == pytest.approx(0.1)
    assert np.all(np.diff(rates[:26]) > 0)
    assert np.all(np.diff(rates[25:]) < 0)
    assert rates[[0, -1]] == pytest.approx([0, 0])


LOSSES = np.repeat(np.array([0.1, 2.0], np.float32), [800, 200])


def test_easy_images_are_skipped_by_chance_and_the_rest_weighs_more() -> None:
    order, weights = choose_images(LOSSES, RECIPE, 0, seed=1)
    assert set(range(800, 1000)) < set(order.tolist())
    assert len(set(order.tolist())) == len(order)
    assert 350 < np.count_nonzero(order < 800) < 450
    np.testing.assert_array_equal(weights, np.where(order < 800, 2, 1))
    assert weights.sum() == pytest.approx(1000, rel=0.1)


@pytest.mark.parametrize(
    ("losses", "recipe", "epoch"),
    [
        (np.full(1000, np.nan, np.float32), RECIPE, 0),
        (LOSSES, RECIPE.replace(skip_share=0.0), 0),
        (LOSSES, RECIPE, 3),
        (LOSSES, RECIPE.replace(batch_size=1000), 0),
    ],
    ids=["never seen", "off", "late", "less than a batch"],
)
def test_every_image_is_seen(losses: Any, recipe: Recipe, epoch: int) -> None:
    order, weights = choose_images(losses, recipe, epoch, seed=1)
    assert sorted(order.tolist()) == list(range(1000))
    np.testing.assert_array_equal(weights, 1)


def test_the_seed_decides_what_is_skipped() -> None:
    orders = [choose_images(LOSSES, RECIPE, 0, seed=seed)[0].tolist() for seed in (1, 1, 2)]
    assert orders[0] == orders[1] != orders[2]
