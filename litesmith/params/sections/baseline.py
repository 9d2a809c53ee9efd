"""The baseline network and its training."""

from typing import Annotated

from litesmith.params.section import Count, Pair, Section, Threads, about


class BaselineParams(Section):
    """The network everybody starts with, trained as everybody trains it."""

    conv_widths: Annotated[Pair[Count], about("Channels.")]
    dense_width: Annotated[Count, about("Units of the layer before the head.")]
    epochs: Count
    batch_size: Count
    learning_rate: Annotated[float, about("Of Adam.", gt=0)]
    num_threads: Threads
