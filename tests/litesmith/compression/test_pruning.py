from typing import Any

import numpy as np
import pytest

from litesmith.compression.pruning import (
    Ablation,
    Tuning,
    ablate,
    overall_sparsity,
    require_sparsity,
    zero_steps,
)
from litesmith.data.splits import Split
from litesmith.errors import ContractError
from litesmith.params.sections.prune import Pruning
from litesmith.records.prune import LayerSparsity
from litesmith.training.backend import seed_everything
from litesmith.training.job import TrainingJob
from litesmith.training.loop import train
from litesmith.training.networks import build_network
from tests.litesmith import make_tiny, small

SPEC = small.NETWORK
RECIPE = small.RECIPE
PRUNING = Pruning(final_sparsity=0.6, begin_share=0.0, end_share=0.7, frequency=4, min_weights=100)


def split(num_images: int, seed: int) -> Split:
    images, labels = make_tiny.images(num_images, seed)
    return Split(images, labels, np.arange(num_images))


@pytest.fixture(scope="module")
def tuning(tmp_path_factory: pytest.TempPathFactory) -> Tuning:
    seed_everything(1)
    winner = build_network(SPEC, "tuned")
    training, validation = split(200, 1), split(90, 2)
    train(winner, TrainingJob(training, validation, small.FORM, RECIPE.replace(epochs=4), seed=1))
    work = tmp_path_factory.mktemp("work")
    return Tuning(
        winner, SPEC, TrainingJob(training, validation, small.FORM, RECIPE, 7, work=work), PRUNING
    )


@pytest.fixture(scope="module")
def before(tuning: Tuning) -> list[Any]:
    return [weight.copy() for weight in tuning.winner.get_weights()]


@pytest.fixture(scope="module")
def ablation(tuning: Tuning, before: list[Any]) -> Ablation:
    return ablate(tuning, dropout_rate=0.2, name="pruned")


@pytest.mark.parametrize(
    ("shares", "frequency", "num_steps", "expected"),
    [
        ((0.0, 0.6), 50, 1560, (0, 900, 50)),
        ((0.1, 0.6), 7, 100, (10, 59, 7)),
        ((0.0, 0.5), 50, 20, (0, 10, 10)),
        ((0.0, 0.5), 50, 1, (0, 1, 1)),
    ],
)
def test_the_last_choice_of_zeros_falls_on_a_step_that_makes_one(
    shares: tuple[float, float], frequency: int, num_steps: int, expected: tuple[int, int, int]
) -> None:
    pruning = PRUNING.replace(begin_share=shares[0], end_share=shares[1], frequency=frequency)
    assert zero_steps(pruning, num_steps) == expected


def layer(name: str, num_weights: int, asked: float, reached: float) -> LayerSparsity:
    return LayerSparsity(
        name=name, shape=(num_weights,), num_weights=num_weights, requested=asked, reached=reached
    )


def test_overall_sparsity_weighs_layers_by_their_weights() -> None:
    layers = [layer("a", 100, 0.5, 0.5), layer("b", 300, 0.0, 0.1)]
    assert overall_sparsity(layers) == pytest.approx(0.2)


@pytest.mark.slow
def test_large_layers_reach_their_sparsity_and_small_ones_stay_dense(ablation: Ablation) -> None:
    assert [layer.name for layer in ablation.layers if layer.requested] == [
        "stage1_unit0_conv",
        "stage1_unit1_conv",
    ]
    for layer in ablation.layers:
        assert layer.reached == pytest.approx(layer.requested, abs=1 / layer.num_weights)


@pytest.mark.slow
def test_the_ablation_has_its_four_lines(ablation: Ablation) -> None:
    rates = {name: (line.dropout_rate, line.pruned) for name, line in ablation.lines.items()}
    assert rates == {
        "winner": (0.0, False),
        "dropout_only": (0.2, False),
        "pruned_only": (0.0, True),
        "pruned_with_dropout": (0.2, True),
    }
    assert all(line.validation.accuracy > 0.8 for line in ablation.lines.values())
    assert ablation.lines["dropout_only"].sparsity == 0
    assert ablation.lines["pruned_only"].sparsity > 0.5
    assert len(ablation.history) == RECIPE.epochs


@pytest.mark.slow
def test_the_model_has_no_wrappers_and_the_winner_is_untouched(
    ablation: Ablation, tuning: Tuning, before: list[Any]
) -> None:
    assert [layer.name for layer in ablation.model.layers] == [
        layer.name for layer in tuning.winner.layers
    ]
    assert ablation.model.name == "pruned"
    assert ablation.model.get_layer("dropout").rate == 0.2
    for was, is_now in zip(before, tuning.winner.get_weights(), strict=True):
        np.testing.assert_array_equal(was, is_now)


def test_a_layer_short_of_its_sparsity_is_an_error() -> None:
    layers = [layer("a", 100, 0.6, 0.595), layer("b", 300, 0.6, 0.54)]
    with pytest.raises(
        ContractError, match=r"requested sparsity: b 0\.5400 of 0\.6\. .* raise prune\.recipe\.epochs"
    ):
        require_sparsity(layers)
