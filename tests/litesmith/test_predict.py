from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litesmith.errors import DataError
from litesmith.predict import predict_picture
from tests.litesmith.make_tiny import CLASS_NAMES, TINY


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a large white picture with ink on its right half."""
    values = np.full((80, 80), 255, np.uint8)
    values[4:-4, 44:76] = 20
    Image.fromarray(values).convert("RGB").save(tmp_path / "right.png")
    return tmp_path / "right.png"


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_likeliest_first_and_what_was_done(picture: Path, precision: str) -> None:
    prediction = predict_picture(TINY / f"{precision}.tflite", picture, CLASS_NAMES)
    probabilities = [guess.probability for guess in prediction.guesses]
    assert prediction.guesses[0].name == "right"
    assert {guess.name for guess in prediction.guesses} == set(CLASS_NAMES)
    assert probabilities == sorted(probabilities, reverse=True)
    assert sum(probabilities) == pytest.approx(1, abs=0.01)
    assert [change.partition(" ")[0] for change in prediction.changes] == ["turned", "inverted,", "resized"]


def test_only_as_many_as_asked_for(picture: Path) -> None:
    assert len(predict_picture(TINY / "int8.tflite", picture, CLASS_NAMES, num_guesses=2).guesses) == 2


def test_model_of_another_data_set(picture: Path) -> None:
    with pytest.raises(DataError, match=r"int8\.tflite tells 3 classes apart, but dataset\.class_names .* has 2"):
        predict_picture(TINY / "int8.tflite", picture, ["a", "b"])


def test_file_that_is_no_model(picture: Path) -> None:
    with pytest.raises(DataError, match=r"right\.png is not a model that can be run here\. Expected a \.tflite"):
        predict_picture(picture, picture, CLASS_NAMES)


def test_missing_model(picture: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.tflite is missing\. Expected a \.tflite file"):
        predict_picture(TINY / "gone.tflite", picture, CLASS_NAMES)


def test_unreadable_picture(tmp_path: Path) -> None:
    (tmp_path / "text.png").write_text("text")
    with pytest.raises(DataError, match=r"text\.png is not a picture"):
        predict_picture(TINY / "int8.tflite", tmp_path / "text.png", CLASS_NAMES)


@pytest.mark.slow
def test_missing_and_broken_keras_model(tmp_path: Path, picture: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.h5 is missing\. Expected a Keras \.h5 file"):
        predict_picture(tmp_path / "gone.h5", picture, CLASS_NAMES)
    (tmp_path / "broken.h5").write_text("text")
    with pytest.raises(DataError, match=r"broken\.h5 is not a Keras \.h5 model"):
        predict_picture(tmp_path / "broken.h5", picture, CLASS_NAMES)
