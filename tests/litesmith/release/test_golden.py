"""Tests of litesmith.release.golden."""

import io

import numpy as np
import pytest

from litesmith.release.golden import MAX_IMAGES, golden_answers, golden_rows
from litesmith.tflite import runtime
from litesmith.tflite.metadata import Tensors, parse_metadata
from tests.litesmith.make_tiny import TINY, images


def test_classes_take_turns() -> None:
    labels = np.array([0] * 90 + [1] * 3 + [2] * 90)
    rows = golden_rows(labels)
    assert len(rows) == MAX_IMAGES and np.all(np.diff(rows) > 0)
    assert np.bincount(labels[rows]).tolist() == [15, 3, 14]
    assert golden_rows(np.arange(3)).tolist() == [0, 1, 2]


@pytest.mark.parametrize(
    ("precision", "tolerance"), [("int8", 0.1), ("float32", 0.01), ("dynamic", 0.01)]
)
def test_answers_are_those_of_the_runtime(precision: str, tolerance: float) -> None:
    path, drawn = TINY / f"{precision}.tflite", images(12, seed=5)[0]
    model = runtime.LiteModel(path)
    tensors = Tensors(input=model.input, output=model.output)
    metadata = parse_metadata(path.with_suffix(".json")).replace(tensors=tensors)
    content = golden_answers(path.read_bytes(), drawn, metadata)
    assert content == golden_answers(path.read_bytes(), drawn, metadata)
    with np.load(io.BytesIO(content), allow_pickle=False) as golden:
        assert np.array_equal(model.output.decode(golden["outputs"]), runtime.predict(path, drawn))
        assert np.array_equal(golden["inputs"], model.encoded(drawn)[:, 0])
        assert golden["tolerance"] == tolerance
        assert golden["class_names"].tolist() == ["left", "right", "neither"]


def test_metadata_without_tensors_do_not_do() -> None:
    metadata = parse_metadata(TINY / "int8.json")
    with pytest.raises(ValueError, match="with the tensors of the model"):
        golden_answers((TINY / "int8.tflite").read_bytes(), images(3, seed=5)[0], metadata)
