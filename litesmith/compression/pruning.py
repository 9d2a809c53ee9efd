"""Pruning of the smallest weights while a network is fine-tuned, with dropout and without.

Source: Zhu and Gupta, "To prune, or not to prune", arXiv:1710.01878, as built in TF-MOT.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace

import numpy as np

from litesmith.errors import ContractError
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.prune import Pruning
from litesmith.records.prune import AblationLine, LayerSparsity
from litesmith.training.backend import derived_seed, keras, tfmot
from litesmith.training.evaluation import evaluate
from litesmith.training.history import History
from litesmith.training.job import TrainingJob
from litesmith.training.loop import refresh_batch_norm, train
from litesmith.training.networks import build_network
from litesmith.training.types import KerasModel, Layer

# Share of a layer's weights that may remain as they equal the smallest remaining one.
_TIES = 0.002


@dataclass(frozen=True)
class Ablation:
    """Effects of pruning and dropout on a network, apart and together.

    Attributes:
        lines: ``winner``, ``dropout_only``, ``pruned_only``, ``pruned_with_dropout``.
        model: The network that was pruned with dropout.
        history: Of its fine-tuning, one row for each epoch.
        layers: Its sparsity by layer.
    """

    lines: dict[str, AblationLine]
    model: KerasModel
    history: History
    layers: list[LayerSparsity]


@dataclass(frozen=True)
class Tuning:
    """Shared arguments of the fine-tunings of an ablation; ``spec`` is the winner's."""

    winner: KerasModel
    spec: NetworkSpec
    job: TrainingJob
    pruning: Pruning


def ablate(tuning: Tuning, *, dropout_rate: float, name: str) -> Ablation:
    """Fine-tune the winner with dropout, pruned, and both.

    Each starts from the winner's weights and takes equally long.

    Args:
        tuning: For all three.
        dropout_rate: Where dropout is on.
        name: Of the model that is pruned with dropout; every file of it contains the name.

    Raises:
        ContractError: A pruned layer did not reach its sparsity.
    """
    dropout, _ = fine_tune(tuning, dropout_rate=dropout_rate, pruned=False, name="dropout_only")
    pruned, _ = fine_tune(tuning, dropout_rate=0.0, pruned=True, name="pruned_only")
    both, history = fine_tune(tuning, dropout_rate=dropout_rate, pruned=True, name=name)
    layers = list(layer_sparsity(both, tuning.pruning))
    require_sparsity(layers)
    rate = tuning.spec.dropout_rate
    lines = {
        "winner": _line(tuning, tuning.winner, "winner as is", rate, pruned=False),
        "dropout_only": _line(tuning, dropout, "with dropout only", dropout_rate, pruned=False),
        "pruned_only": _line(tuning, pruned, "pruned only", 0.0, pruned=True),
        "pruned_with_dropout": _line(tuning, both, "pruned with dropout", dropout_rate, pruned=True),
    }
    return Ablation(lines, both, history, layers)


def fine_tune(
    tuning: Tuning, *, dropout_rate: float, pruned: bool, name: str
) -> tuple[KerasModel, History]:
    """Train on from the winner's weights; return a model without wrappers.

    The same seed and ``name`` give the same weights.
    """
    job = replace(tuning.job, seed=derived_seed(tuning.job.seed, name))
    spec = tuning.spec.replace(dropout_rate=dropout_rate)
    model = build_network(spec, name)
    model.set_weights(tuning.winner.get_weights())
    trained = _wrapped(model, tuning) if pruned else model
    history = train(trained, job)
    if pruned:
        _apply_masks(trained)
        model = build_network(spec, name)
        model.set_weights(tfmot.sparsity.keras.strip_pruning(trained).get_weights())
    refresh_batch_norm(model, job)
    return model, history


def layer_sparsity(model: KerasModel, pruning: Pruning) -> Iterator[LayerSparsity]:
    """Yield the requested and the reached sparsity of every layer that has a kernel."""
    for layer in model.layers:
        if hasattr(layer, "kernel"):
            kernel = layer.kernel.numpy()
            yield LayerSparsity(
                name=layer.name,
                shape=tuple(kernel.shape),
                num_weights=kernel.size,
                requested=pruning.final_sparsity if kernel.size >= pruning.min_weights else 0.0,
                reached=round(float(np.mean(kernel == 0)), 6),
            )


def overall_sparsity(layers: list[LayerSparsity]) -> float:
    """Return the share of all kernels' weights that are zero."""
    zeros = sum(layer.reached * layer.num_weights for layer in layers)
    return round(zeros / sum(layer.num_weights for layer in layers), 6)


def zero_steps(pruning: Pruning, num_steps: int) -> tuple[int, int, int]:
    """Return first, last and distance of the steps that choose zeros.

    TF-MOT chooses at whole multiples of the distance after the first step only, so the last one is moved
    onto such a step: otherwise the requested sparsity is never reached.
    """
    begin = int(pruning.begin_share * num_steps)
    span = max(int(pruning.end_share * num_steps) - begin, 1)
    frequency = min(pruning.frequency, span)
    return begin, begin + span // frequency * frequency, frequency


def _wrapped(model: KerasModel, tuning: Tuning) -> KerasModel:
    """Return the model with every large kernel wrapped for pruning.

    TF-MOT's callback `UpdatePruningStep` is not used: it starts the count and masks once an epoch, in
    `fit` alone. Each wrapper counts its own steps inside the graph, however many of them run in one
    call.
    """
    recipe, pruning = tuning.job.recipe, tuning.pruning
    num_steps = recipe.epochs * (len(tuning.job.training.labels) // recipe.batch_size)
    begin, end, frequency = zero_steps(pruning, num_steps)
    schedule = tfmot.sparsity.keras.PolynomialDecay(
        initial_sparsity=0.0,
        final_sparsity=pruning.final_sparsity,
        begin_step=begin,
        end_step=end,
        frequency=frequency,
    )

    def wrap(layer: Layer) -> Layer:
        if not hasattr(layer, "kernel") or layer.kernel.shape.num_elements() < pruning.min_weights:
            return layer
        return tfmot.sparsity.keras.prune_low_magnitude(layer, pruning_schedule=schedule)

    wrapped = keras.models.clone_model(model, clone_function=wrap)
    for layer in wrapped.layers:
        if hasattr(layer, "pruning_step"):
            layer.pruning_step.assign(0)
    return wrapped


def _apply_masks(model: KerasModel) -> None:
    """Set the pruned weights to zero.

    The optimizer moved them after the last step, and averages remember them.
    """
    for layer in model.layers:
        for weight, mask, _ in getattr(layer, "pruning_vars", ()):
            weight.assign(weight * mask)


def require_sparsity(layers: list[LayerSparsity]) -> None:
    """Raise unless each layer has its zeros, except for rounding and ties."""
    short = [
        f"{layer.name} {layer.reached:.4f} of {layer.requested}"
        for layer in layers
        if layer.reached + max(1 / layer.num_weights, _TIES) < layer.requested
    ]
    if short:
        raise ContractError(
            f"pruning stopped short of the requested sparsity: {', '.join(short)}. Give it more steps: "
            "raise prune.recipe.epochs, or lower prune.pruning.end_share or prune.pruning.frequency."
        )


def _line(tuning: Tuning, model: KerasModel, label: str, rate: float, *, pruned: bool) -> AblationLine:
    sparsity = overall_sparsity(list(layer_sparsity(model, tuning.pruning)))
    score = evaluate(model, tuning.job.validation)
    return AblationLine(
        label=label, dropout_rate=rate, pruned=pruned, validation=score, sparsity=sparsity
    )
