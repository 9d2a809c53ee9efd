"""Quantization-aware training, and clustering of weights."""

from dataclasses import dataclass, replace

import numpy as np

from litesmith.compression.variants.variant import FineTuned
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
    """What the fine-tunings for conversion share.

    Attributes:
        job: How a model is trained on. Its seed and its folder are divided among the variants by their names.
        clustering: Which kernels come to share values, and how many.
    """

    job: TrainingJob
    clustering: Clustering

    def job_of(self, name: str) -> TrainingJob:
        """Return the job of one variant, with its seed and its folder, which is made."""
        job, work = replace(self.job, seed=derived_seed(self.job.seed, name)), self.job.work
        if work is None:
            return job
        (work / name).mkdir(parents=True, exist_ok=True)
        return replace(job, work=work / name)


@dataclass(frozen=True)
class LayerValues:
    """How many distinct values the kernel of a layer has."""

    name: str
    num_weights: int
    num_values: int


def tune_quantization_aware(
    parent: KerasModel, tuning: Tuning, name: str, *, keep_zeros: bool
) -> FineTuned:
    """Make a variant by `quantize_aware` with what all variants share.

    Args:
        parent: The trained network to begin with; it stays as it is.
        tuning: What all variants share.
        name: Of the variant; the seed follows from it.
        keep_zeros: Whether pruned weights stay zero.

    Raises:
        ParamsError: The network runs a layer more than once.
        ContractError: Zeros were to be kept and were lost.
    """
    model, history = quantize_aware(parent, tuning.job_of(name), keep_zeros=keep_zeros, name=name)
    return FineTuned(model, history)


def quantize_aware(
    model: KerasModel, job: TrainingJob, *, keep_zeros: bool, name: str
) -> tuple[KerasModel, History]:
    """Fine-tune a network by quantization-aware training.

    Weights and activations are rounded to eight bits on the way forward, as the int8 file rounds them.

    Args:
        model: A trained network without wrappers; it stays as it is. Batch normalisation must follow a
            convolution at once, or it does not fold when converted.
        job: How it is trained on. Batch-norm statistics are the running ones, whatever ``refresh_rows``
            says.
        keep_zeros: Whether pruned weights of convolutions and dense layers stay zero. Depthwise ones do
            not.
        name: Of the network made.

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
    aware = quantization.quantize_apply(
        quantization.quantize_annotate_model(_copy(model, name)), *schemes
    )
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
        job: How it is trained on.
        clustering: Which kernels, and how many values.
        name: Of the network made.

    Returns:
        A network without wrappers, and its history.

    Raises:
        ContractError: A kernel has more values than asked for.

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


def layer_values(model: KerasModel) -> list[LayerValues]:
    """Return how many distinct values each kernel of a network without wrappers has."""
    kernels = {layer.name: layer.kernel.numpy() for layer in model.layers if hasattr(layer, "kernel")}
    return [LayerValues(name, kernel.size, len(np.unique(kernel))) for name, kernel in kernels.items()]


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
    kept = {variable.name: variable for variable in aware.trainable_variables}
    for layer in pruned.layers:
        if not hasattr(layer, "kernel"):
            continue
        kernels = layer.kernel, kept[layer.kernel.name]
        had, has = (float(np.mean(kernel.numpy() == 0)) for kernel in kernels)
        if has < had:
            raise ContractError(
                f"{layer.name} had {had:.4f} of its weights at zero and has {has:.4f} after "
                "quantization-aware training. "
                "Only convolutions and dense layers keep theirs: prune no others."
            )


def _require_few_values(model: KerasModel, clustering: Clustering) -> None:
    """Raise if a large kernel has more values than asked for."""
    many = [
        f"{layer.name} {layer.num_values}"
        for layer in layer_values(model)
        if layer.num_weights >= clustering.min_weights and layer.num_values > clustering.num_clusters
    ]
    if many:
        raise ContractError(
            f"expected at most {clustering.num_clusters} values in a kernel, got {', '.join(many)}."
        )
