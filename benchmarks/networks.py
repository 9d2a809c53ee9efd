"""The network that a benchmark's parameters describe."""

from litesmith.data.splits import Split
from litesmith.params.sections.network import ImageShape, NetworkParams, NetworkSpec
from litesmith.training.networks import network_spec


def network_for(images: Split, params: NetworkParams) -> NetworkSpec:
    """Return the network for images of this size with as many classes as are labelled."""
    _, height, width = images.images.shape
    num_classes = int(images.labels.max()) + 1
    return network_spec(params, ImageShape(height=height, width=width, num_classes=num_classes))
