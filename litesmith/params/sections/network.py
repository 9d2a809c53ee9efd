"""The shape of a network."""

from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, model_validator

from litesmith.params.section import Blocks, Count, Fraction, Items, Section, about


class ImageShape(Section):
    """Pixels that go into a network, and number of probabilities that come out."""

    height: Count
    width: Count
    channels: Annotated[Literal[1, 3], about("1 for grey, 3 for colour.")]
    num_classes: Count


class NetworkParams(Section):
    """Network of Conv-BN-ReLU units.

    A stem comes first, then stages, each at half the resolution of the one before. With a
    ``stem_stride`` of 2 the first stage needs no pooling before it. The side of the first convolution is
    odd; all others are 3x3. A unit that runs again has the same kernels and a batch normalisation for
    each run: depth that costs time and hardly a byte.
    """

    stem_width: Annotated[Count, about("Channels of the first convolution.")]
    stage_widths: Annotated[
        Items[Count], Field(min_length=1, max_length=4, description="Channels of each stage.")
    ]
    stage_blocks: Annotated[
        Items[Blocks], Field(min_length=1, max_length=4, description="Units after a stage's first.")
    ]
    stem_kernel_size: Annotated[Count, about("Side of the first convolution.")]
    stem_stride: Annotated[int, about("Pixels that the first convolution steps.", ge=1, le=2)]
    residual: Annotated[bool, about("Whether units add to what they were given.")]
    separable: Annotated[bool, about("Whether units are a depthwise and a 1x1 convolution.")]
    repeats: Annotated[Count, about("Times that a unit after a stage's first runs.")]
    dropout_rate: Annotated[Fraction, about("Of the pooled features.")]

    @model_validator(mode="after")
    def _stages_agree(self) -> "NetworkParams":
        require_both(self.stage_widths, self.stage_blocks)
        return self


def require_both(stage_widths: Sequence[int], stage_blocks: Sequence[int]) -> None:
    """Raise `ValueError` unless each stage has a width and blocks."""
    if len(stage_blocks) != len(stage_widths):
        counts = f"{len(stage_widths)} stage_widths and {len(stage_blocks)} stage_blocks"
        raise ValueError(f"has {counts}: give each stage both")


class NetworkSpec(NetworkParams, ImageShape):
    """Network for images of one shape."""
