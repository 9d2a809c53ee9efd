"""The networks of the frontier: the library's family, and residual networks that only teach."""

from typing import Annotated, TypeAlias

from pydantic import Field, model_validator

from benchmarks.networks import network_for
from litesmith.params.section import Count, Fraction, Items, Section
from litesmith.params.sections.network import NetworkParams, require_both
from litesmith.records.form import DataForm
from litesmith.training.backend import keras
from litesmith.training.networks import build_network
from litesmith.training.types import KerasModel, Tensor

_NORM_MOMENTUM = 0.9  # as in the library's family


class Preactivation(Section):
    """Residual network whose blocks normalise before each of their two 3x3 convolutions.

    The first stage has the size of the image, each further one half of the one before. The library's
    networks normalise after each convolution, so that both fold into one when quantized; what only
    teaches need not.

    Source: He et al., "Identity mappings in deep residual networks", arXiv:1603.05027.
    """

    stage_widths: Annotated[Items[Count], Field(min_length=1, description="Channels of each stage.")]
    stage_blocks: Annotated[Items[Count], Field(min_length=1, description="Blocks of each stage.")]
    dropout_rate: Annotated[Fraction, Field(description="Of the pooled features.")]

    @model_validator(mode="after")
    def _stages_agree(self) -> "Preactivation":
        require_both(self.stage_widths, self.stage_blocks)
        return self


Network: TypeAlias = NetworkParams | Preactivation


def build(network: Network, form: DataForm, name: str) -> KerasModel:
    """Build a network with fresh weights, from pixels to probabilities as all of the library's."""
    if isinstance(network, NetworkParams):
        return build_network(network_for(network), name)
    pixels = keras.Input((form.height, form.width, form.channels), name="pixels")
    features = _conv(pixels, network.stage_widths[0], "stem", kernel_size=3)
    for stage, (width, blocks) in enumerate(
        zip(network.stage_widths, network.stage_blocks, strict=True), start=1
    ):
        for block in range(1, blocks + 1):
            strides = 2 if stage > 1 and block == 1 else 1
            features = _block(features, width, strides, f"stage{stage}_block{block}", first=block == 1)
    features = keras.layers.GlobalAveragePooling2D(name="pool")(_active(features, "last"))
    # The stateful kind has a variable that training can set, so that a resumed run draws the same.
    features = keras.layers.Dropout(network.dropout_rate, rng_type="stateful", name="dropout")(features)
    dense = keras.layers.Dense(form.num_classes, activation="softmax", name="probabilities")
    return keras.Model(pixels, dense(features), name=name)


def _block(features: Tensor, width: int, strides: int, name: str, *, first: bool) -> Tensor:
    """Add two convolutions to what came in; the first block of a stage adds to it activated."""
    active = _active(features, f"{name}_first")
    shortcut = active if first else features
    if strides > 1 or shortcut.shape[-1] != width:
        shortcut = _conv(shortcut, width, f"{name}_shortcut", kernel_size=1, strides=strides)
    features = _conv(active, width, f"{name}_first", kernel_size=3, strides=strides)
    features = _conv(_active(features, f"{name}_second"), width, f"{name}_second", kernel_size=3)
    return keras.layers.Add(name=f"{name}_add")([features, shortcut])


def _active(features: Tensor, name: str) -> Tensor:
    features = keras.layers.BatchNormalization(momentum=_NORM_MOMENTUM, name=f"{name}_norm")(features)
    return keras.layers.ReLU(name=f"{name}_relu")(features)


def _conv(features: Tensor, width: int, name: str, *, kernel_size: int, strides: int = 1) -> Tensor:
    return keras.layers.Conv2D(
        width, kernel_size, strides, padding="same", use_bias=False, kernel_initializer="he_normal",
        name=f"{name}_conv",
    )(features)  # fmt: skip
