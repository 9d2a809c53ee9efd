from pathlib import Path

import numpy as np
import pytest

from litesmith import litert
from litesmith.foreign import open_foreign
from tests.litesmith.make_tiny import TINY, images


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_answers_are_those_of_the_same_process(precision: str) -> None:
    path, (drawn, _) = TINY / f"{precision}.tflite", images(40, seed=2)
    with open_foreign(path) as model:
        assert (model.height, model.width, model.num_classes) == (8, 8, 3)
        assert np.array_equal(model.probabilities(drawn), litert.predict(path, drawn))
