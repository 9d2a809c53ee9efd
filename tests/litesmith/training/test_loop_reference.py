"""Training against a second implementation of the recipe, in NumPy, on a network of one dense layer."""

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.params.sections.recipe import Augmentation, Distillation, Recipe
from litesmith.training.backend import derived_seed, keras, seed_everything
from litesmith.training.job import DistillationTargets, TrainingJob
from litesmith.training.loop import train
from litesmith.training.schedule import choose_images, one_cycle
from tests.litesmith import small
from tests.litesmith.training.test_loop import TARGETS, TRAIN, VALIDATION

pytestmark = pytest.mark.slow

UNCHANGED = Augmentation(max_shift_px=0, flip=False, erase_share=0.0, erase_px=(2, 2))
RECIPE = Recipe(
    epochs=3, batch_size=50, learning_rate=0.5, warmup_share=0.25, momentum=0.9, weight_decay=0.05,
    label_smoothing=0.1, skip_share=0.5, skip_until=0.7, averaging_share=0.3, refresh_rows=0,
    augmentation=UNCHANGED,
)  # fmt: skip
PARTLY_DISTILLED = replace(
    TARGETS, augmentation=UNCHANGED, distillation=Distillation(weight=0.6, temperature=2.0)
)

Floats = NDArray[np.float64]


def softmax(logits: Floats) -> Floats:
    powers = np.exp(logits - logits.max(1, keepdims=True))
    return np.asarray(powers / powers.sum(1, keepdims=True))


def losses_and_slopes(
    logits: Floats, labels: Any, answers: Any, recipe: Recipe, targets: DistillationTargets | None
) -> Any:
    """Return the loss of each image and its slope by the logits."""
    probabilities = softmax(logits)
    one_hot = np.eye(3)[labels] * (1 - recipe.label_smoothing) + recipe.label_smoothing / 3
    losses, slopes = -(one_hot * np.log(probabilities)).sum(1), probabilities - one_hot
    if targets is None:
        return losses, slopes
    weight, heat = targets.distillation.weight, targets.distillation.temperature
    teacher, student = softmax(answers / heat), softmax(logits / heat)
    distances = heat**2 * (teacher * np.log(teacher / student)).sum(1)
    slopes = (1 - weight) * slopes + weight * heat * (student - teacher)
    return (1 - weight) * losses + weight * distances, slopes


def reference(
    kernel: Floats, bias: Floats, recipe: Recipe, targets: DistillationTargets | None, seed: int
) -> list[Floats]:
    """Return the kernel and the bias that the recipe leads to."""
    pixels = TRAIN.images.reshape(300, 64) / 255
    weights, speeds = [kernel, bias], [np.zeros_like(kernel), np.zeros_like(bias)]
    averages, seen = [kernel, bias], np.full(300, np.nan, np.float32)
    keep = 1 - 1 / max(1.0, recipe.averaging_share * recipe.epochs * (300 // recipe.batch_size))
    for epoch in range(recipe.epochs):
        order, shares = choose_images(seen, recipe, epoch, seed=derived_seed(seed, "epoch", epoch))
        steps = len(order) // recipe.batch_size
        for step in range(steps):
            part = slice(step * recipe.batch_size, (step + 1) * recipe.batch_size)
            rows = order[part]
            answers = None if targets is None else targets.answers[epoch % 2, rows].astype(float)
            logits = pixels[rows] @ weights[0] + weights[1]
            seen[rows], slopes = losses_and_slopes(logits, TRAIN.labels[rows], answers, recipe, targets)
            slopes = slopes * shares[part, None] / recipe.batch_size
            rate = float(one_cycle(np.array((epoch + (step + 0.5) / steps) / recipe.epochs), recipe))
            gradients, decays = (pixels[rows].T @ slopes, slopes.sum(0)), (recipe.weight_decay, 0.0)
            speeds = [
                recipe.momentum * speed - rate * slope
                for speed, slope in zip(speeds, gradients, strict=True)
            ]
            moves = [
                recipe.momentum * speed - rate * slope
                for speed, slope in zip(speeds, gradients, strict=True)
            ]
            weights = [
                weight * (1 - rate * decay) + move
                for weight, move, decay in zip(weights, moves, decays, strict=True)
            ]
            averages = [
                keep * mean + (1 - keep) * weight for mean, weight in zip(averages, weights, strict=True)
            ]
    return averages if recipe.averaging_share else weights


@pytest.mark.parametrize(
    ("recipe", "targets"),
    [
        (RECIPE, None),
        (RECIPE, PARTLY_DISTILLED),
        (RECIPE.replace(averaging_share=0.0), None),
        (RECIPE.replace(momentum=0.0, skip_share=0.0, label_smoothing=0.0, weight_decay=0.0), None),
    ],
    ids=["whole", "partly distilled", "last weights", "bare"],
)
def test_every_hyperparameter_has_its_effect(
    recipe: Recipe, targets: DistillationTargets | None
) -> None:
    seed_everything(4)
    layers = [
        keras.layers.Flatten(),
        keras.layers.Dense(3, activation="softmax", bias_initializer="uniform"),
    ]
    model = keras.Sequential([keras.layers.InputLayer((8, 8, 1)), *layers], name="small")
    kernel, bias = (weight.astype(float) for weight in model.get_weights())
    train(model, TrainingJob(TRAIN, VALIDATION, small.FORM, recipe, seed=1, targets=targets))
    for weights, expected in zip(
        model.get_weights(), reference(kernel, bias, recipe, targets, 1), strict=True
    ):
        np.testing.assert_allclose(weights, expected, atol=2e-4)
        assert np.abs(expected).max() > 0.1
