"""The network that a benchmark's parameters describe."""

from litesmith.networks import NetworkSpec
from litesmith.params import NetworkParams
from litesmith.splits import Split


def network_for(images: Split, params: NetworkParams) -> NetworkSpec:
    """Return the network for images of this size with as many classes as are labelled."""
    _, height, width = images.images.shape
    size = {"height": height, "width": width, "num_classes": int(images.labels.max()) + 1}
    return NetworkSpec.from_plain({**size, **params.model_dump()})
