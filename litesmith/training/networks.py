"""The networks: the plain one that everybody starts with, and the family that the sweep searches.

Every network takes ``pixels`` float32 (n, height, width, 1) in [0, 1] and returns probabilities (n, classes). No layer
normalises the input: the first batch normalisation does, and the padding's zero is then the images' background.
"""

from collections.abc import Iterator, Mapping
from dataclasses import asdict, dataclass, replace
from graphlib import TopologicalSorter
from typing import Any

from pydantic import TypeAdapter, ValidationError

from litesmith.errors import DataError
from litesmith.training.backend import keras

# What the converter folds into the operation before it, so that it needs no memory of its own.
_FOLDED = ("BatchNormalization", "ReLU", "Dropout", "SpatialDropout2D", "Flatten", "Activation")


@dataclass(frozen=True)
class NetworkSpec:
    """A network of Conv-BN-ReLU units: a stem, then stages, each at half the resolution of the one before.

    Attributes:
        height: Of an image, in pixels.
        width: Of an image, in pixels.
        num_classes: Probabilities that come out.
        stem_width: Channels of the first convolution.
        stage_widths: Channels of each stage.
        stage_blocks: For each stage the units after its first one, which widens.
        stem_kernel_size: Side of the first convolution, odd; all others are 3x3.
        stem_stride: Pixels that the first convolution steps, 1 or 2; with 2 the first stage needs no pooling before it.
        residual: Whether the units after a stage's first one add to what they were given.
        separable: Whether the units of the stages are a 3x3 depthwise and a 1x1 convolution instead of a full 3x3.
        repeats: Times that a unit after a stage's first one runs in a row, with the same kernels and a batch
            normalisation for each: depth that costs time and hardly a byte.
        dropout_rate: Share of the pooled features dropped before the head while training, in [0, 1).
    """

    height: int
    width: int
    num_classes: int
    stem_width: int
    stage_widths: tuple[int, ...]
    stage_blocks: tuple[int, ...]
    stem_kernel_size: int
    stem_stride: int
    residual: bool
    separable: bool
    repeats: int
    dropout_rate: float

    def to_plain(self) -> dict[str, Any]:
        """Return the spec as JSON can hold it."""
        plain = asdict(self)
        return {key: list(value) if isinstance(value, tuple) else value for key, value in plain.items()}

    @classmethod
    def from_plain(cls, plain: Mapping[str, Any]) -> "NetworkSpec":
        """Return the spec that `to_plain` made ``plain`` from.

        Raises:
            DataError: A field is missing or of another type.
        """
        try:
            return TypeAdapter(cls).validate_python(dict(plain))
        except ValidationError as error:
            raise DataError(
                f"not the description of a network: {error}. Train the network again."
            ) from error


def with_dropout(spec: NetworkSpec, rate: float) -> NetworkSpec:
    """Return the same network with another dropout rate; the weights of the one fit the other."""
    return replace(spec, dropout_rate=rate)


def build_network(spec: NetworkSpec, name: str) -> Any:
    """Build a network of the family with fresh weights.

    A convolution is followed at once by its batch normalisation and ReLU, so that both fold into it when quantized.

    Args:
        spec: Its shape.
        name: Its name, written into every file made from it.

    Source: residual units after He et al., "Deep Residual Learning", arXiv:1512.03385; He initialisation after
        arXiv:1502.01852; depthwise-separable convolutions after Howard et al., "MobileNets", arXiv:1704.04861; dropout
        after Srivastava et al., "Dropout: a simple way to prevent neural networks from overfitting", JMLR 15, 2014.
    """
    pixels = keras.Input((spec.height, spec.width, 1), name="pixels")
    stem = _conv(spec.stem_width, spec.stem_kernel_size, "stem", strides=spec.stem_stride)
    features = _normed(stem(pixels), "stem")
    for stage, (width, blocks) in enumerate(
        zip(spec.stage_widths, spec.stage_blocks, strict=True), start=1
    ):
        if stage > 1 or spec.stem_stride == 1:
            features = keras.layers.MaxPool2D(name=f"stage{stage}_pool")(features)
        features = _Unit(width, spec.separable, f"stage{stage}_unit0")(features, "")
        features = _blocks(features, blocks, spec, f"stage{stage}")
    return keras.Model(pixels, _head(features, spec), name=name)


def build_baseline(
    height: int, width: int, num_classes: int, conv_widths: tuple[int, int], dense_width: int, name: str
) -> Any:
    """Build the network everybody starts with: conv, pool, conv, pool, dense.

    Args:
        height: Of an image, in pixels.
        width: Of an image, in pixels.
        num_classes: Probabilities that come out.
        conv_widths: Channels of the two 3x3 convolutions.
        dense_width: Units of the layer before the head.
        name: Its name, written into every file made from it.
    """
    layers = keras.layers
    pixels = features = keras.Input((height, width, 1), name="pixels")
    for number, channels in enumerate(conv_widths, start=1):
        features = layers.Conv2D(channels, 3, padding="same", activation="relu", name=f"conv{number}")(
            features
        )
        features = layers.MaxPool2D(name=f"pool{number}")(features)
    features = layers.Flatten(name="flatten")(features)
    features = layers.Dense(dense_width, activation="relu", name="dense")(features)
    probabilities = layers.Dense(num_classes, activation="softmax", name="probabilities")(features)
    return keras.Model(pixels, probabilities, name=name)


def count_macs(model: Any) -> int:
    """Return the multiply-accumulates of convolutions and dense layers for one image."""
    return sum(_layer_macs(layer) for layer in model.layers)


def peak_activation_bytes(model: Any) -> int:
    """Return the most bytes of int8 activations alive at once when layers run one by one.

    While an operation runs, its inputs, its output and whatever a later operation still needs are alive; the branch
    around a residual unit so counts. Batch normalisation, ReLU and dropout fold into the operation before them.

    Source: the working memory of Liberis and Lane, "Neural networks on microcontrollers", arXiv:1910.05110.
    """
    runs = list(_operations(model))
    last_use = {name: step for step, (_, _, inputs) in enumerate(runs) for name in inputs}
    sizes = {name: size for name, size, _ in runs}
    peaks = []
    for step, (_, size, _) in enumerate(runs):
        waiting = [other for other, _, _ in runs[:step] if last_use.get(other, -1) >= step]
        peaks.append(size + sum(sizes[other] for other in waiting))
    return max(peaks)


def _conv(width: int, kernel_size: int, name: str, strides: int = 1) -> Any:
    return keras.layers.Conv2D(
        width,
        kernel_size,
        strides,
        padding="same",
        use_bias=False,
        kernel_initializer="he_normal",
        name=f"{name}_conv",
    )


def _normed(features: Any, name: str) -> Any:
    # The running statistics reach back some ten steps, in which the weights hardly move as a training ends.
    features = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(features)
    return keras.layers.ReLU(name=f"{name}_relu")(features)


class _Unit:
    """Convolutions that can run more than once, each time with a batch normalisation of their own."""

    def __init__(self, width: int, separable: bool, name: str) -> None:
        self._name = name
        if separable:
            depthwise = keras.layers.DepthwiseConv2D(
                3,
                padding="same",
                use_bias=False,
                depthwise_initializer="he_normal",
                name=f"{name}_spread_conv",
            )
            self._convs = {f"{name}_spread": depthwise, name: _conv(width, 1, name)}
        else:
            self._convs = {name: _conv(width, 3, name)}

    def __call__(self, features: Any, run: str) -> Any:
        for name, conv in self._convs.items():
            features = _normed(conv(features), f"{name}{run}")
        return features


def _blocks(features: Any, num_blocks: int, spec: NetworkSpec, stage: str) -> Any:
    for block in range(1, num_blocks + 1):
        unit = _Unit(features.shape[-1], spec.separable, f"{stage}_unit{block}")
        for run in ["", *(f"_again{again}" for again in range(1, spec.repeats))]:
            more = unit(features, run)
            features = (
                keras.layers.Add(name=f"{stage}_add{block}{run}")([features, more])
                if spec.residual
                else more
            )
    return features


def _head(features: Any, spec: NetworkSpec) -> Any:
    layers = keras.layers
    features = layers.GlobalAveragePooling2D(name="pool")(features)
    # The stateful kind keeps its state in a variable that training can set, so that a resumed run draws the same.
    features = layers.Dropout(spec.dropout_rate, rng_type="stateful", name="dropout")(features)
    return layers.Dense(spec.num_classes, activation="softmax", name="probabilities")(features)


def _layer_macs(layer: Any) -> int:
    kind = type(layer).__name__
    if kind not in ("Conv2D", "DepthwiseConv2D", "Dense"):
        return 0
    kernel = layer.depthwise_kernel if kind == "DepthwiseConv2D" else layer.kernel
    positions = 1 if kind == "Dense" else _size(layer.get_output_at(0).shape[1:3])
    return len(layer.inbound_nodes) * positions * _size(kernel.shape)


def _operations(model: Any) -> Iterator[tuple[str, int, list[str]]]:
    """Yield name, output bytes and the names of the inputs of each operation that remains after folding."""
    # A layer that runs more than once is an operation for each run: layer and number of the run name one.
    calls = {
        (layer["name"], run): [(source, source_run) for source, source_run, *_ in node]
        for layer in model.get_config()["layers"]
        for run, node in enumerate(layer["inbound_nodes"] or [[]])
    }
    made_by: dict[tuple[str, int], str] = {}
    for (name, run), inputs in ((call, calls[call]) for call in TopologicalSorter(calls).static_order()):
        layer, sources = model.get_layer(name), [made_by[one] for one in inputs]
        if type(layer).__name__ in _FOLDED:
            made_by[name, run] = sources[0]
        else:
            made_by[name, run] = f"{name}/{run}"
            yield made_by[name, run], _size(layer.get_output_at(run).shape[1:]), sources


def _size(shape: Any) -> int:
    size = 1
    for side in shape:
        size *= int(side)
    return size
