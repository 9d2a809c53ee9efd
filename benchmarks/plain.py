"""The plain way for comparison: the baseline's network under Keras `fit` and Adam."""

from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.data.splits import Split
from litesmith.params.everything import Params
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from litesmith.training import networks
from tasks import catalog


def baseline_network(params: Params, name: str) -> Any:
    """Return the baseline's network with fresh weights."""
    return networks.build_baseline(
        networks.image_shape(read_record(catalog.FORM, DataForm)), params.baseline, name
    )


def arrays(split: Split) -> tuple[NDArray[np.float32], NDArray[np.uint8]]:
    """Return pixels, float32 (n, height, width, 1) in [0, 1], and labels, uint8 (n,), for `fit`."""
    return np.asarray(split.images, np.float32)[..., None] / np.float32(255), np.asarray(split.labels)
