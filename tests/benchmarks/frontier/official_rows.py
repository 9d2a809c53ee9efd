"""Small official files and committed rows for tests of what learns from the frontier's images."""

from pathlib import Path

import numpy as np
import pytest

from benchmarks.frontier import data
from litesmith.data.sources import idx_pairs
from litesmith.files import write_json
from tasks import catalog
from tests.conftest import write_idx
from tests.litesmith import make_tiny

NUM_IMAGES = 270
VALIDATION = tuple(range(0, NUM_IMAGES, 5))
LAST = tuple(range(1, NUM_IMAGES, 5))


def write_official(folder: Path, patch: pytest.MonkeyPatch) -> data.FrontierData:
    """Write training files of 16 x 16 images below ``folder``, and the rows that divide them."""
    images, labels = make_tiny.images(NUM_IMAGES, seed=7)
    large = np.kron(images[..., 0], np.ones((1, 2, 2), np.uint8))
    for path, array in zip(idx_pairs(folder / catalog.RAW)["train"], (large, labels), strict=True):
        write_idx(path, array)
    rows = data.Rows(digest="", validation=VALIDATION, last=LAST)
    divided = data.divided(large, labels, rows)
    digest = data.digest_of(divided)
    patch.setattr(data, "ROWS", folder / "frontier_rows.json")
    write_json(data.ROWS, rows.replace(digest=digest).model_dump(mode="json"))
    return divided
