"""The baseline network and its training."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Pair, Section, Threads


class BaselineParams(Section):
    """The yardstick: the network everybody starts with, trained as everybody trains it."""

    conv_widths: Annotated[Pair[Count], Field(description="Channels.")]
    dense_width: Annotated[Count, Field(description="Units of the layer before the head.")]
    epochs: Count
    batch_size: Count
    learning_rate: Annotated[float, Field(gt=0, description="Of Adam.")]
    num_threads: Threads
