"""The plain way that every benchmark compares with: the baseline's network under Keras `fit` and Adam."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.data.splits import Split
from litesmith.params.everything import Params
from litesmith.training import networks


def baseline_network(params: Params, name: str) -> Any:
    """Return the baseline's network with fresh weights."""
    size = (params.dataset.height, params.dataset.width, params.dataset.num_classes)
    first, second = params.baseline.conv_widths
    return networks.build_baseline(*size, (first, second), params.baseline.dense_width, name)


def arrays(split: Split) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return pixels, float32 (n, height, width, 1) in [0, 1], and labels, uint8 (n,), as `fit` takes them."""
    return np.asarray(split.images, np.float32)[..., None] / np.float32(255), np.asarray(split.labels)
