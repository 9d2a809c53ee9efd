"""Quantization-aware training, and clustering of weights."""

from dataclasses import dataclass, replace

import numpy as np

from litesmith.errors import ContractError, ParamsError
from litesmith.params.sections.quantize import Clustering
from litesmith.training.backend import derived_seed, keras, tfmot
from litesmith.training.history import History
from litesmith.training.job import TrainingJob
from litesmith.training.loop import train
from litesmith.training.types import KerasModel, Layer

# A member of an enumeration of strings that TF-MOT takes here and does not export.
_MEAN_GRADIENT = "GradientAggregation.AVG"


@dataclass(frozen=True)
class Tuning:
    """Shared arguments of the fine-tunings; each has its own seed and folder."""

    job: TrainingJob
    clustering: Clustering

    def job_of(self, name: str) -> TrainingJob:
        """Return the job of one variant, and create its folder."""
        job, work = replace(self.job, seed=derived_seed(self.job.seed, name)), self.job.work
        if work is None:
            return job
        (work / name).mkdir(parents=True, exist_ok=True)
        return replace(job, work=work / name)


def quantize_aware(
    model: KerasModel, job: TrainingJob, *, keep_zeros: bool, name: str
) -> tuple[KerasModel, History]:
    """Fine-tune a network by quantization-aware training.

    Weights and activations are rounded to eight bits on the way forward, as the int8 file rounds them.

    Args:
        model: A trained network without wrappers; it stays as it is. Batch normalisation must follow a
            convolution at once, or it does not fold when converted.
        job: Of the fine-tuning. Batch-norm statistics are the running ones, not of ``refresh_rows``.
        keep_zeros: Whether pruned weights of convolutions and dense layers stay zero. Depthwise ones do
            not.
        name: Of the new network.

    Returns:
        The network that rounds, for conversion to int8, and its history.

    Raises:
        ParamsError: The network runs a layer more than once, which TF-MOT cannot wrap.
        ContractError: Zeros were to be kept and were lost.

    Source: Jacob et al., "Quantization and training of neural networks for efficient
        integer-arithmetic-only inference", arXiv:1712.05877, as built in TF-MOT.
    """
    _require_single_runs(model)
    keras.utils.set_random_seed(job.seed)
    quantization = tfmot.quantization.keras
    schemes = [tfmot.experimental.combine.Default8BitPrunePreserveQuantizeScheme()] if keep_zeros else []
    annotated = quantization.quantize_annotate_model(_copy(model, name))
    aware = quantization.quantize_apply(annotated, *schemes)
    history = train(aware, job)
    if keep_zeros:
        _require_zeros(model, aware)
    return aware, history


def cluster(
    model: KerasModel, job: TrainingJob, clustering: Clustering, *, name: str
) -> tuple[KerasModel, History]:
    """Fine-tune a network with few distinct values in every large kernel.

    They compress well; no file gets smaller by it.

    Args:
        model: A trained network without wrappers; it stays as it is.
        job: Of the fine-tuning.
        clustering: Which kernels, and how many values.
        name: Of the new network.

    Returns:
        A network without wrappers, and its history.

    Raises:
        ContractError: A kernel has more values than allowed.

    Source: Han et al., "Deep compression", arXiv:1510.00149, as built in TF-MOT.
    """
    keras.utils.set_random_seed(job.seed)
    wrapped = keras.models.clone_model(
        _copy(model, name), clone_function=lambda layer: _clustered(layer, clustering)
    )
    history = train(wrapped, job)
    stripped = tfmot.clustering.keras.strip_clustering(wrapped)
    _require_few_values(stripped, clustering)
    return stripped, history


def distinct_values(model: KerasModel, min_weights: int = 0) -> dict[str, int]:
    """Return how many distinct values each kernel of at least ``min_weights`` has, by layer."""
    kernels = {layer.name: layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")}
    return {
        name: len(np.unique(kernel)) for name, kernel in kernels.items() if kernel.size >= min_weights
    }


def _copy(model: KerasModel, name: str) -> KerasModel:
    copy = keras.Model.from_config({**model.get_config(), "name": name})
    copy.set_weights(model.get_weights())
    return copy


def _clustered(layer: Layer, clustering: Clustering) -> Layer:
    """Return a layer wrapped for clustering unless its kernel is small.

    A value learns from the mean gradient of its weights. TF-MOT's default, their sum, is hundreds of
    times as large, so that a network whose units run again diverges.
    """
    if not hasattr(layer, "kernel") or layer.kernel.shape.num_elements() < clustering.min_weights:
        return layer
    toolkit = tfmot.clustering.keras
    return toolkit.cluster_weights(
        layer,
        number_of_clusters=clustering.num_clusters,
        cluster_centroids_init=toolkit.CentroidInitialization.KMEANS_PLUS_PLUS,
        cluster_gradient_aggregation=_MEAN_GRADIENT,
    )


def _require_single_runs(model: KerasModel) -> None:
    """Raise if a layer runs more than once."""
    shared = [layer.name for layer in model.layers if len(layer.inbound_nodes) > 1]
    if shared:
        raise ParamsError(
            f"{model.name} runs {', '.join(shared)} more than once, and TF-MOT cannot wrap such "
            "a network for quantization-aware training. Leave qat and pqat out of quantize.variants, or "
            "give sweep.space.repeats the value [1]."
        )


def _require_zeros(pruned: KerasModel, aware: KerasModel) -> None:
    """Raise unless every kernel has as many zeros as before."""
    variables = {variable.name: variable for variable in aware.trainable_variables}
    for layer in pruned.layers:
        if not hasattr(layer, "kernel"):
            continue
        kernels = layer.kernel, variables[layer.kernel.name]
        had, has = (float(np.mean(kernel.numpy() == 0)) for kernel in kernels)
        if has < had:
            raise ContractError(
                f"{layer.name} had {had:.4f} of its weights at zero and has {has:.4f} after "
                "quantization-aware training. Only convolutions and dense layers keep theirs: prune no "
                "others."
            )


def _require_few_values(model: KerasModel, clustering: Clustering) -> None:
    """Raise if a large kernel has more values than allowed."""
    many = [
        f"{name} {num_values}"
        for name, num_values in distinct_values(model, clustering.min_weights).items()
        if num_values > clustering.num_clusters
    ]
    if many:
        raise ContractError(
            f"expected at most {clustering.num_clusters} values in a kernel, got {', '.join(many)}."
        )
