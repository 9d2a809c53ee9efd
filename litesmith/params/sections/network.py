"""The shape of a network."""

from typing import Annotated

from pydantic import Field, model_validator

from litesmith.params.section import Blocks, Count, Fraction, Section


class NetworkParams(Section):
    """A network of Conv-BN-ReLU units: a stem, then stages, each at half the resolution of the one before."""

    stem_width: Annotated[Count, Field(description="Channels of the first convolution.")]
    stage_widths: Annotated[
        list[Count], Field(min_length=1, max_length=4, description="Channels of each stage.")
    ]
    stage_blocks: Annotated[
        list[Blocks], Field(min_length=1, max_length=4, description="Units after a stage's first.")
    ]
    stem_kernel_size: Annotated[Count, Field(description="Side of the first convolution.")]
    stem_stride: Annotated[
        int, Field(ge=1, le=2, description="Pixels that the first convolution steps.")
    ]
    residual: Annotated[bool, Field(description="Whether units add to what they were given.")]
    separable: Annotated[bool, Field(description="Whether units are a depthwise and a 1x1 convolution.")]
    repeats: Annotated[
        Count, Field(description="Times that a unit after a stage's first runs, with the same kernels.")
    ]
    dropout_rate: Annotated[Fraction, Field(description="Of the pooled features.")]

    @model_validator(mode="after")
    def _stages_agree(self) -> "NetworkParams":
        if len(self.stage_blocks) != len(self.stage_widths):
            found = f"{len(self.stage_widths)} stage_widths and {len(self.stage_blocks)} stage_blocks"
            raise ValueError(f"has {found}: give each stage both")
        return self
