"""Set the smallest weights of a trained network to zero while it is fine-tuned, with dropout and without.

Source: Zhu and Gupta, "To prune, or not to prune", arXiv:1710.01878, as built in TF-MOT.
"""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from litesmith.data.splits import Split
from litesmith.errors import ContractError
from litesmith.training.backend import derived_seed, keras, tfmot
from litesmith.training.loop import History, Lesson, Recipe, Score, evaluate, refresh_batch_norm, train
from litesmith.training.networks import NetworkSpec, build_network, with_dropout

# Share of a layer's weights that may stay for being as large as the smallest one kept.
_TIES = 0.002


@dataclass(frozen=True)
class Pruning:
    """How weights are set to zero.

    Attributes:
        final_sparsity: Share of a pruned layer's weights that end as zero, in [0, 1).
        begin_share: Share of the steps before the first weight goes.
        end_share: Share of the steps after which the zeros stay as they are.
        frequency: Steps from one choice of the zeros to the next.
        min_weights: Layers with fewer weights than this stay dense.
    """

    final_sparsity: float
    begin_share: float
    end_share: float
    frequency: int
    min_weights: int


@dataclass(frozen=True)
class LayerSparsity:
    """The zeros of one layer's kernel.

    Attributes:
        name: Of the layer.
        shape: Of its kernel.
        num_weights: In the kernel.
        asked: Share of zeros asked for, 0 to 1.
        reached: Share of zeros there.
    """

    name: str
    shape: tuple[int, ...]
    num_weights: int
    asked: float
    reached: float


@dataclass(frozen=True)
class Line:
    """One line of the ablation: what was done to the winner, and what it reaches then.

    Attributes:
        label: In words.
        dropout_rate: While fine-tuning.
        pruned: Whether weights were set to zero.
        score: On validation.
        sparsity: Share of all kernels' weights that are zero.
    """

    label: str
    dropout_rate: float
    pruned: bool
    score: Score
    sparsity: float


@dataclass(frozen=True)
class Ablation:
    """What pruning and dropout do to a network, apart and together.

    Attributes:
        lines: ``winner``, ``dropout_only``, ``pruned_only``, ``pruned_with_dropout``.
        model: The network that was pruned with dropout.
        history: Of its fine-tuning, one row for each epoch.
        layers: Its sparsity by layer.
    """

    lines: dict[str, Line]
    model: Any
    history: History
    layers: list[LayerSparsity]


@dataclass(frozen=True)
class Tuning:
    """What the fine-tunings of an ablation share.

    Attributes:
        winner: The trained network.
        spec: Its shape.
        training: What is learned from.
        validation: What is judged on.
        recipe: How.
        pruning: Which weights go, and when.
        lesson: What the teachers say about the training images, or None.
        seed: Decides everything random.
        work: Folder for checkpoints.
    """

    winner: Any
    spec: NetworkSpec
    training: Split
    validation: Split
    recipe: Recipe
    pruning: Pruning
    lesson: Lesson | None
    seed: int
    work: Path


def ablate(tuning: Tuning, *, dropout_rate: float, name: str) -> Ablation:
    """Fine-tune the winner with dropout, pruned, and both, each from the winner's weights and equally long.

    Args:
        tuning: What the three share.
        dropout_rate: Where dropout is on.
        name: Name of the model that is pruned with dropout, written into every file made from it.

    Raises:
        ContractError: A pruned layer did not reach the sparsity asked for.
    """
    winner = tuning.winner
    dropped, _ = fine_tune(tuning, dropout_rate=dropout_rate, pruned=False, name="dropout_only")
    pruned, _ = fine_tune(tuning, dropout_rate=0.0, pruned=True, name="pruned_only")
    both, history = fine_tune(tuning, dropout_rate=dropout_rate, pruned=True, name=name)
    layers = list(layer_sparsity(both, tuning.pruning))
    require_sparsity(layers)
    rate = tuning.spec.dropout_rate
    lines = {
        "winner": _line(tuning, winner, "winner as is", rate, pruned=False),
        "dropout_only": _line(tuning, dropped, "with dropout only", dropout_rate, pruned=False),
        "pruned_only": _line(tuning, pruned, "pruned only", 0.0, pruned=True),
        "pruned_with_dropout": _line(tuning, both, "pruned with dropout", dropout_rate, pruned=True),
    }
    return Ablation(lines, both, history, layers)


def fine_tune(tuning: Tuning, *, dropout_rate: float, pruned: bool, name: str) -> tuple[Any, History]:
    """Train on from the winner's weights, and return a model without wrappers and the history.

    Args:
        tuning: The winner, the splits and the recipe.
        dropout_rate: Of the pooled features, in [0, 1).
        pruned: Whether weights are set to zero on the way.
        name: Of the model; the same seed and name give the same weights.
    """
    spec = with_dropout(tuning.spec, dropout_rate)
    model = build_network(spec, name)
    model.set_weights(tuning.winner.get_weights())
    trained = _wrapped(model, tuning) if pruned else model
    seed = derived_seed(tuning.seed, name)
    history = train(
        trained,
        tuning.training,
        tuning.validation,
        tuning.recipe,
        seed=seed,
        work=tuning.work,
        lesson=tuning.lesson,
    )
    if pruned:
        _apply_masks(trained)
        model = build_network(spec, name)
        model.set_weights(tfmot.sparsity.keras.strip_pruning(trained).get_weights())
    refresh_batch_norm(model, tuning.training.images, tuning.recipe, seed=seed)
    return model, history


def layer_sparsity(model: Any, pruning: Pruning) -> Iterator[LayerSparsity]:
    """Yield the sparsity of every layer that has a kernel, asked and reached."""
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            kernel = layer.kernel.numpy()
            asked = pruning.final_sparsity if kernel.size >= pruning.min_weights else 0.0
            reached = round(float(np.mean(kernel == 0)), 6)
            yield LayerSparsity(layer.name, kernel.shape, kernel.size, asked, reached)


def overall_sparsity(layers: list[LayerSparsity]) -> float:
    """Return the share of all kernels' weights that are zero."""
    zeros = sum(layer.reached * layer.num_weights for layer in layers)
    return round(zeros / sum(layer.num_weights for layer in layers), 6)


def zero_steps(pruning: Pruning, num_steps: int) -> tuple[int, int, int]:
    """Return the first step, the last step and the distance of steps at which the zeros are chosen.

    TF-MOT chooses at whole multiples of the distance after the first step only, so the last one is moved onto such a
    step: otherwise the sparsity asked for is never reached.

    Args:
        pruning: The shares and the distance asked for.
        num_steps: Of the whole training.
    """
    begin = int(pruning.begin_share * num_steps)
    span = max(int(pruning.end_share * num_steps) - begin, 1)
    frequency = min(pruning.frequency, span)
    return begin, begin + span // frequency * frequency, frequency


def _wrapped(model: Any, tuning: Tuning) -> Any:
    """Return the model with every large kernel wrapped for pruning, its steps counted from 0.

    TF-MOT's callback `UpdatePruningStep` is not used: it starts the count and masks once an epoch, in `fit` alone. Each
    wrapper counts its own steps inside the graph, however many of them run in one call.
    """
    num_steps = tuning.recipe.epochs * (len(tuning.training.labels) // tuning.recipe.batch_size)
    begin, end, frequency = zero_steps(tuning.pruning, num_steps)
    schedule = tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=0.0,
        final_sparsity=tuning.pruning.final_sparsity,
        begin_step=begin,
        end_step=end,
        frequency=frequency,
    )

    def wrap(layer: Any) -> Any:
        if (
            not hasattr(layer, "kernel")
            or layer.kernel.shape.num_elements() < tuning.pruning.min_weights
        ):
            return layer
        return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)

    wrapped = keras.models.clone_model(model, clone_function=wrap)
    for layer in _wrappers(wrapped):
        layer.pruning_step.assign(0)
    return wrapped


def _wrappers(model: Any) -> list[Any]:
    return [layer for layer in model.layers if hasattr(layer, "pruning_vars")]


def _apply_masks(model: Any) -> None:
    """Set the pruned weights to zero: the optimizer moved them after the last step, and averages remember them."""
    for layer in _wrappers(model):
        for weight, mask, _ in layer.pruning_vars:
            weight.assign(weight * mask)


def require_sparsity(layers: list[LayerSparsity]) -> None:
    """Raise unless each layer has the zeros asked for, give or take rounding and weights of equal size."""
    short = [
        layer for layer in layers if layer.reached + max(1 / layer.num_weights, _TIES) < layer.asked
    ]
    if short:
        found = ", ".join(f"{layer.name} {layer.reached:.4f} of {layer.asked}" for layer in short)
        raise ContractError(
            f"pruning stopped short of the sparsity asked for: {found}. Give it more steps: raise "
            "prune.recipe.epochs, or lower prune.pruning.end_share or prune.pruning.frequency."
        )


def _line(tuning: Tuning, model: Any, label: str, rate: float, *, pruned: bool) -> Line:
    sparsity = overall_sparsity(list(layer_sparsity(model, tuning.pruning)))
    return Line(label, rate, pruned, evaluate(model, tuning.validation), sparsity)
