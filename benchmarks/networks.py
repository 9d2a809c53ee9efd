"""The network that a benchmark's parameters describe."""

from litesmith.data.splits import Split
from litesmith.params.sections.network import NetworkParams
from litesmith.training.networks import NetworkSpec


def network_for(images: Split, params: NetworkParams) -> NetworkSpec:
    """Return the network for images of this size with as many classes as are labelled."""
    _, height, width = images.images.shape
    size = {"height": height, "width": width, "num_classes": int(images.labels.max()) + 1}
    return NetworkSpec.from_plain({**size, **params.model_dump()})
