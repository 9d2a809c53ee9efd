from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.compression.quantization import (
    _require_few_values,
    _require_zeros,
    cluster,
    distinct_values,
    quantize_aware,
)
from litesmith.errors import ContractError
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.quantize import Clustering
from litesmith.tflite import converter, runtime
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training import loop
from litesmith.training.backend import keras, seed_everything
from litesmith.training.evaluation import evaluate
from litesmith.training.job import TrainingJob
from litesmith.training.loop import train
from litesmith.training.networks import build_network
from tests.litesmith import small
from tests.litesmith.compression.test_pruning import RECIPE, SPEC, split

pytestmark = pytest.mark.slow

TRAINING, VALIDATION = split(200, 1), split(90, 2)
JOB = TrainingJob(TRAINING, VALIDATION, small.FORM, RECIPE, seed=3)


@pytest.fixture(scope="module")
def model() -> Any:
    """Return a small trained network whose larger kernels lost half of their weights, as pruning leaves them."""
    seed_everything(1)
    network = build_network(SPEC, "tuned")
    train(network, replace(JOB, recipe=RECIPE.replace(epochs=4), seed=1))
    for layer in network.layers:
        if hasattr(layer, "kernel") and layer.kernel.numpy().size > 100:
            kernel = layer.kernel.numpy()
            kernel[np.abs(kernel) < np.median(np.abs(kernel))] = 0
            layer.kernel.assign(kernel)
    return network


@pytest.fixture(scope="module")
def before(model: Any) -> list[Any]:
    return [weight.copy() for weight in model.get_weights()]


@pytest.fixture(scope="module")
def aware_model(model: Any, before: list[Any]) -> Any:
    aware, history = quantize_aware(model, JOB, keep_zeros=True, name="aware")
    assert len(history) == RECIPE.epochs
    return aware


@pytest.mark.parametrize(
    "spec",
    [
        SPEC.replace(separable=True),
        SPEC.replace(separable=True, residual=False, stem_stride=2),
        SPEC.replace(residual=False, stem_kernel_size=5),
    ],
    ids=["separable", "separable, plain", "plain"],
)
def test_a_network_of_every_kind_that_the_search_offers_learns_to_round(
    spec: NetworkSpec, tmp_path: Path
) -> None:
    seed_everything(1)
    network, path = build_network(spec, "tuned"), tmp_path / "aware.tflite"
    train(network, replace(JOB, recipe=RECIPE.replace(epochs=3)))
    aware, _ = quantize_aware(network, JOB, keep_zeros=True, name="aware")
    path.write_bytes(INT8.convert(aware, TRAINING.images[:50]))
    expected = converter.probabilities(aware, VALIDATION.images)
    assert np.abs(runtime.predict(path, VALIDATION.images) - expected).max() < 0.02
    assert evaluate(aware, VALIDATION).accuracy > 0.9


def test_the_int8_file_answers_as_the_quantization_aware_network(
    aware_model: Any, tmp_path: Path
) -> None:
    path = tmp_path / "aware.tflite"
    path.write_bytes(INT8.convert(aware_model, TRAINING.images[:50]))
    expected = converter.probabilities(aware_model, VALIDATION.images)
    answers = runtime.predict(path, VALIDATION.images)
    assert np.array_equal(answers.argmax(axis=1), expected.argmax(axis=1))
    # the file's probabilities come in steps of 1/256
    assert np.abs(answers - expected).max() < 1 / 256
    assert evaluate(aware_model, VALIDATION).accuracy > 0.9


def test_the_same_seed_gives_the_same_network_whatever_the_global_seed() -> None:
    spec = SPEC.replace(dropout_rate=0.3)
    seed_everything(1)
    parent = build_network(spec, "tuned")
    weights = []
    for seed in (2, 3):
        seed_everything(seed)
        job = replace(JOB, recipe=RECIPE.replace(epochs=1), seed=4)
        aware, _ = quantize_aware(parent, job, keep_zeros=False, name="aware")
        weights.append(aware.get_weights())
    assert all(np.array_equal(one, other) for one, other in zip(*weights, strict=True))


def test_interrupted_quantization_aware_training_resumes_to_the_same_bits(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    seed_everything(1)
    parent = build_network(SPEC.replace(dropout_rate=0.3), "tuned")
    job = replace(JOB, seed=4)
    whole, history = quantize_aware(parent, job, keep_zeros=False, name="aware")
    job = replace(job, work=tmp_path)
    with monkeypatch.context() as broken:
        run_epoch = loop.Loop.run_epoch

        def dies_in_the_second(loop: Any, epoch: int) -> Any:
            if epoch == 1:
                raise KeyboardInterrupt
            return run_epoch(loop, epoch)

        broken.setattr(loop.Loop, "run_epoch", dies_in_the_second)
        with pytest.raises(KeyboardInterrupt):
            quantize_aware(parent, job, keep_zeros=False, name="aware")
    seed_everything(99)
    resumed, again = quantize_aware(parent, job, keep_zeros=False, name="aware")
    assert again == history
    assert all(
        np.array_equal(one, other)
        for one, other in zip(whole.get_weights(), resumed.get_weights(), strict=True)
    )


def test_zeros_survive_quantization_aware_training(model: Any, aware_model: Any, tmp_path: Path) -> None:
    (tmp_path / "aware.tflite").write_bytes(INT8.convert(aware_model, TRAINING.images[:50]))
    large = [
        weights
        for weights in runtime.read_weights(tmp_path / "aware.tflite")
        if weights.num_weights > 100
    ]
    assert len(large) == 2
    assert all(weights.sparsity >= 0.49 for weights in large)


def test_zeros_are_lost_without_keep_zeros(model: Any) -> None:
    aware, _ = quantize_aware(model, JOB, keep_zeros=False, name="aware")
    with pytest.raises(
        ContractError, match=r"stage1_unit0_conv had 0\.5000 of its weights at zero and has 0\."
    ):
        _require_zeros(model, aware)


def test_kernels_come_to_have_few_values(model: Any) -> None:
    clustering = Clustering(num_clusters=8, min_weights=100)
    clustered, history = cluster(model, JOB, clustering, name="few")
    values = distinct_values(clustered)
    assert len(history) == RECIPE.epochs
    assert values["stage1_unit0_conv"] <= 8
    assert values["stage1_unit1_conv"] <= 8
    assert values["stem_conv"] == 36
    assert evaluate(clustered, VALIDATION).accuracy > 0.8
    assert not [layer for layer in clustered.layers if "Cluster" in type(layer).__name__]


def test_units_that_run_again_keep_what_they_know_with_few_values() -> None:
    seed_everything(1)
    repeated = build_network(SPEC.replace(stage_widths=(32,), stage_blocks=(2,), repeats=3), "tuned")
    train(repeated, replace(JOB, recipe=RECIPE.replace(epochs=4), seed=1))
    clustering = Clustering(num_clusters=4, min_weights=100)
    clustered, _ = cluster(repeated, JOB, clustering, name="few")
    assert evaluate(repeated, VALIDATION).accuracy > 0.95
    assert evaluate(clustered, VALIDATION).accuracy > 0.9


def test_the_network_given_stays_as_it_is(model: Any, before: list[Any], aware_model: Any) -> None:
    assert all(np.array_equal(now, then) for now, then in zip(model.get_weights(), before, strict=True))


def test_too_many_values_are_an_error() -> None:
    network = keras.Sequential([keras.layers.InputLayer((4,)), keras.layers.Dense(5, name="dense")])
    assert distinct_values(network) == {"dense": 20}
    assert distinct_values(network, min_weights=21) == {}
    with pytest.raises(ContractError, match="expected at most 4 values in a kernel, got dense 20"):
        _require_few_values(network, Clustering(num_clusters=4, min_weights=10))
