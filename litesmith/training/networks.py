"""Networks: the baseline, and the family that the sweep searches.

Every network takes ``pixels`` float32 (n, height, width, channels) in [0, 1] and returns probabilities
(n, classes). The first batch normalisation normalises the input. What convolutions pad with is zero.
"""

from litesmith.params.section import ComputeDtype
from litesmith.params.sections.baseline import BaselineParams
from litesmith.params.sections.network import ImageShape, NetworkParams, NetworkSpec
from litesmith.records.form import DataForm
from litesmith.training.backend import keras
from litesmith.training.types import KerasModel, Layer, Tensor

# The head is small and decides the loss: it stays float32, as does the mean over positions before it.
_EXACT = ("InputLayer", "GlobalAveragePooling2D", "Dropout", "Dense")


def image_shape(form: DataForm) -> ImageShape:
    """Return the shape of a data set's images and classes."""
    return ImageShape(
        height=form.height, width=form.width, channels=form.channels, num_classes=form.num_classes
    )


def network_spec(network: NetworkParams, shape: ImageShape) -> NetworkSpec:
    """Return a network for images of a shape."""
    return NetworkSpec(**dict(shape), **dict(network))


def build_network(spec: NetworkSpec, name: str) -> KerasModel:
    """Build a network of the family with fresh weights.

    A convolution is followed at once by its batch normalisation and ReLU, so that both fold into it when
    quantized.

    The name is written into every file of it.

    Source: residual units after He et al., "Deep Residual Learning", arXiv:1512.03385; He initialisation
        after arXiv:1502.01852; depthwise-separable convolutions after Howard et al., "MobileNets",
        arXiv:1704.04861; dropout after Srivastava et al., "Dropout: a simple way to prevent neural
        networks from overfitting", JMLR 15, 2014.
    """
    pixels = keras.Input((spec.height, spec.width, spec.channels), name="pixels")
    stem = _conv(spec.stem_width, spec.stem_kernel_size, "stem", strides=spec.stem_stride)
    features = _normed(stem(pixels), "stem")
    for stage, (width, blocks) in enumerate(
        zip(spec.stage_widths, spec.stage_blocks, strict=True), start=1
    ):
        if stage > 1 or spec.stem_stride == 1:
            features = _pooled(features, f"stage{stage}_pool")
        features = _Unit(width, spec.separable, f"stage{stage}_unit0")(features, "")
        features = _blocks(features, blocks, spec, f"stage{stage}")
    return keras.Model(pixels, _head(features, spec), name=name)


def build_baseline(shape: ImageShape, params: BaselineParams, name: str) -> KerasModel:
    """Build the baseline: convolutions with pooling, and dense layers.

    The name is written into every file of it.
    """
    layers = keras.layers
    pixels = features = keras.Input((shape.height, shape.width, shape.channels), name="pixels")
    for number, width in enumerate(params.conv_widths, start=1):
        conv = layers.Conv2D(width, 3, padding="same", activation="relu", name=f"conv{number}")
        features = _pooled(conv(features), f"pool{number}")
    features = layers.Flatten(name="flatten")(features)
    features = layers.Dense(params.dense_width, activation="relu", name="dense")(features)
    probabilities = layers.Dense(shape.num_classes, activation="softmax", name="probabilities")(features)
    return keras.Model(pixels, probabilities, name=name)


def computing_in(model: KerasModel, dtype: ComputeDtype) -> KerasModel:
    """Return a twin that computes in bfloat16, or for float32 the model.

    Args:
        model: A network of `litesmith.training.networks`, without wrappers. It stays as it is.
        dtype: Of the activations between layers. Weights, their gradients, batch-norm statistics and
            probabilities are float32.

    Source: Kalamkar et al., "A study of bfloat16 for deep learning training", arXiv:1905.12322, as
        Keras' policy ``mixed_bfloat16`` does it. It pays where the processor multiplies it (AMX, AVX-512
        BF16) and costs more than float32 elsewhere.
    """
    if dtype == "float32":
        return model
    config = model.get_config()
    for layer in config["layers"]:
        if layer["class_name"] not in _EXACT:
            layer["config"]["dtype"] = "mixed_bfloat16"
    twin = keras.Model.from_config(config)
    twin.set_weights(model.get_weights())
    return twin


def _conv(width: int, kernel_size: int, name: str, strides: int = 1) -> Layer:
    return keras.layers.Conv2D(
        width, kernel_size, strides, padding="same", use_bias=False, kernel_initializer="he_normal",
        name=f"{name}_conv",
    )  # fmt: skip


def _pooled(features: Tensor, name: str) -> Tensor:
    """Halve both sides; one that is a single pixel stays."""
    sizes = tuple(min(2, side) for side in features.shape[1:3])
    return features if sizes == (1, 1) else keras.layers.MaxPool2D(sizes, name=name)(features)


def _normed(features: Tensor, name: str) -> Tensor:
    # The running statistics reach back some ten steps, in which the weights hardly move near the end.
    features = keras.layers.BatchNormalization(momentum=0.9, name=f"{name}_norm")(features)
    return keras.layers.ReLU(name=f"{name}_relu")(features)


class _Unit:
    """Repeatable convolutions, with a batch normalisation for each run."""

    def __init__(self, width: int, separable: bool, name: str) -> None:
        self._name = name
        if separable:
            depthwise = keras.layers.DepthwiseConv2D(
                3, padding="same", use_bias=False, depthwise_initializer="he_normal",
                name=f"{name}_spread_conv",
            )  # fmt: skip
            self._convs = {f"{name}_spread": depthwise, name: _conv(width, 1, name)}
        else:
            self._convs = {name: _conv(width, 3, name)}

    def __call__(self, features: Tensor, run: str) -> Tensor:
        for name, conv in self._convs.items():
            features = _normed(conv(features), f"{name}{run}")
        return features


def _blocks(features: Tensor, num_blocks: int, spec: NetworkSpec, stage: str) -> Tensor:
    for block in range(1, num_blocks + 1):
        unit = _Unit(features.shape[-1], spec.separable, f"{stage}_unit{block}")
        for run in ["", *(f"_again{again}" for again in range(1, spec.repeats))]:
            outputs = unit(features, run)
            if spec.residual:
                outputs = keras.layers.Add(name=f"{stage}_add{block}{run}")([features, outputs])
            features = outputs
    return features


def _head(features: Tensor, spec: NetworkSpec) -> Tensor:
    layers = keras.layers
    features = layers.GlobalAveragePooling2D(name="pool")(features)
    # The stateful kind has a variable that training can set, so that a resumed run draws the same.
    features = layers.Dropout(spec.dropout_rate, rng_type="stateful", name="dropout")(features)
    return layers.Dense(spec.num_classes, activation="softmax", name="probabilities")(features)
