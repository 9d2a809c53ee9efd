"""The plain way for comparison: the baseline's network under Keras `fit` and Adam."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.networks import read_form
from litesmith.data.scaling import to_pixels
from litesmith.data.splits import Split
from litesmith.params.everything import Params
from litesmith.training import networks


def baseline_network(params: Params, name: str) -> Any:
    """Return the baseline's network with fresh weights."""
    return networks.build_baseline(networks.image_shape(read_form()), params.baseline, name)


def arrays(split: Split) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return pixels, float32 (n, height, width, channels) in [0, 1], and labels, uint8 (n,)."""
    return to_pixels(split.images), np.asarray(split.labels)
