import errno
import json
import os
import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from litesmith.errors import DataError
from litesmith.inference.predict import Prediction, find_pictures, predict_pictures
from tests.litesmith.make_tiny import CLASS_NAMES, TINY, images


@pytest.fixture
def picture(tmp_path: Path) -> Path:
    """Return a large dark picture in colour, lit on its right half."""
    values = np.full((80, 80), 20, np.uint8)
    values[:, 40:] = 220
    Image.fromarray(np.dstack([values, values, values + 30])).save(tmp_path / "right.png")
    return tmp_path / "right.png"


def predicted(model: Path, picture: Path, num_guesses: int = 3) -> Prediction:
    ((path, outcome),) = predict_pictures(model, [picture], num_guesses=num_guesses)
    assert path == picture
    assert isinstance(outcome, Prediction)
    return outcome


def saved(image: object, path: Path) -> Path:
    Image.fromarray(np.asarray(image, np.uint8)).save(path)
    return path


@pytest.mark.parametrize("precision", ["float32", "int8"])
def test_likeliest_first_and_what_was_done(picture: Path, precision: str) -> None:
    prediction = predicted(TINY / f"{precision}.tflite", picture)
    probabilities = [guess.probability for guess in prediction.guesses]
    assert prediction.guesses[0].name == "right"
    assert {guess.name for guess in prediction.guesses} <= set(CLASS_NAMES)
    assert probabilities == sorted(probabilities, reverse=True)
    assert [change.partition(" ")[0] for change in prediction.changes] == ["turned", "resized"]


def test_unlikely_classes_are_left_out_and_the_likeliest_never(picture: Path) -> None:
    prediction = predicted(TINY / "float32.tflite", picture)
    assert all(guess.probability >= 0.01 for guess in prediction.guesses)
    assert sum(guess.probability for guess in prediction.guesses) == pytest.approx(1, abs=0.02)
    assert "0.0%" not in "\n".join(prediction.lines())


def test_only_as_many_as_asked_for(picture: Path) -> None:
    assert len(predicted(TINY / "int8.tflite", picture, num_guesses=1).guesses) == 1


def test_several_pictures_and_folders_in_order_and_one_that_is_broken_stops_none(picture: Path) -> None:
    folder = picture.parent / "folder"
    (folder / "below").mkdir(parents=True)
    for name, image in zip(("b.png", "below/c.bmp", "a.gif"), images(3, seed=4)[0], strict=True):
        saved(image[..., 0], folder / name)
    (folder / "notes.txt").write_text("no picture")
    (folder / "d.png").write_text("no picture either")
    paths = find_pictures([picture, folder]).pictures
    assert [path.name for path in paths] == ["right.png", "a.gif", "b.png", "c.bmp", "d.png"]
    outcomes = dict(predict_pictures(TINY / "int8.tflite", paths))
    assert [type(outcome) for outcome in outcomes.values()] == [*[Prediction] * 4, DataError]
    assert "d.png is not a picture" in str(outcomes[folder / "d.png"])


def test_a_folder_without_pictures(tmp_path: Path) -> None:
    (tmp_path / "photo.HEIC").write_bytes(b"")
    files = find_pictures([tmp_path, tmp_path / "shoe.png"])
    assert files.pictures == (tmp_path / "shoe.png",)
    assert files.failures == (
        f"the folder {tmp_path} holds no file that is named like a picture, such as a .png or a .jpg. "
        "It holds 1 other file (.heic).",
    )


def test_what_of_a_folder_is_left_out_is_named(picture: Path) -> None:
    folder = picture.parent
    for name in (
        "photo.heic",
        "photo.svg",
        "drawing.pdf",
        "model.h5",
        "run.eps",
        "README",
        ".hidden.png",
    ):
        (folder / name).write_bytes(b"")
    (folder / ".thumbnails").mkdir()
    shutil.copy(picture, folder / ".thumbnails/small.png")
    (folder / "others").symlink_to(folder / ".thumbnails", target_is_directory=True)
    files = find_pictures([folder])
    assert files.pictures == (picture,)
    assert files.left_out == (
        f"left out of {folder}: 6 other files (.eps, .h5, .heic, .pdf, .svg, no suffix) "
        "and 1 link to folders",
    )
    assert not files.failures


def test_links_that_lead_nowhere_and_pipes_are_reported_as_pictures_are(picture: Path) -> None:
    (picture.parent / "gone.png").symlink_to(picture.parent / "nothing")
    os.mkfifo(picture.parent / "pipe.png")
    files = find_pictures([picture.parent])
    assert [path.name for path in files.pictures] == ["gone.png", "pipe.png", "right.png"]


def test_a_folder_that_may_not_be_read_is_reported(
    picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    locked = picture.parent / "locked"
    locked.mkdir()
    scan = os.scandir

    def refuse(path: Path) -> Any:
        if Path(path) == locked:
            raise PermissionError(errno.EACCES, "Permission denied", str(path))
        return scan(path)

    monkeypatch.setattr(os, "scandir", refuse)  # root may read everything
    files = find_pictures([picture.parent])
    assert files.pictures == (picture,)
    assert files.failures == (
        f"the folder {locked} cannot be looked into: Permission denied. Change its permissions.",
    )


def test_images_of_the_training_kind_bring_no_warning(tmp_path: Path) -> None:
    examples, labels = images(12, seed=9)
    paths = [saved(image[..., 0], tmp_path / f"{row}.png") for row, image in enumerate(examples)]
    outcomes = list(predict_pictures(TINY / "int8.tflite", paths))
    predictions = [outcome for _, outcome in outcomes if isinstance(outcome, Prediction)]
    assert [prediction.warnings for prediction in predictions] == [()] * 12
    names = [prediction.guesses[0].name for prediction in predictions]
    assert names == [CLASS_NAMES[label] for label in labels]


STRANGE = {
    "blank": np.full((40, 40), 200),
    "blank: its pixels differ by": np.arange(1600).reshape(40, 40) % 4 + 100,
    "tiny: 1 x 1 pixels, and the model looks at 8 x 8": np.full((1, 1), 90),
    "tiny: 3 x 3 pixels": np.arange(9).reshape(3, 3) * 28,
    "tiny: 30 x 3 pixels": np.arange(90).reshape(3, 30),
    "unlike the model's training images, most of all in": (np.indices((8, 8)).sum(axis=0) % 2) * 255,
}


@pytest.mark.parametrize("message", STRANGE)
def test_a_picture_unlike_anything_in_training_has_a_warning(tmp_path: Path, message: str) -> None:
    prediction = predicted(TINY / "int8.tflite", saved(STRANGE[message], tmp_path / "a.png"))
    assert any(warning.startswith(message) for warning in prediction.warnings)
    assert any(line.startswith("warning: ") for line in prediction.lines())


@pytest.fixture
def model(tmp_path: Path) -> Path:
    """Return a copy of a model with its metadata."""
    for suffix in (".tflite", ".json"):
        shutil.copy(TINY / f"int8{suffix}", tmp_path / f"mine{suffix}")
    return tmp_path / "mine.tflite"


def test_class_names_come_from_beside_the_model_wherever_it_is_called(
    model: Path, picture: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    content = json.loads(model.with_suffix(".json").read_text())
    content["class_names"] = ["zero", "one", "two"]
    model.with_suffix(".json").write_text(json.dumps(content))
    monkeypatch.chdir(Path(__file__).parents[3])
    assert predicted(model, picture).guesses[0].name == "one"


def test_class_names_are_never_guessed(model: Path, picture: Path) -> None:
    model.with_suffix(".json").unlink()
    with pytest.raises(
        DataError, match=r"mine\.json is missing\. It holds the class names .* with --metadata FILE"
    ):
        predicted(model, picture)


def test_metadata_that_is_named_serves_any_model(model: Path, picture: Path) -> None:
    metadata = model.with_suffix(".json").rename(model.with_name("names.json"))
    ((_, outcome),) = predict_pictures(TINY / "float32.tflite", [picture], metadata)
    assert isinstance(outcome, Prediction)


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"class_names": ["a", "b"]}, r"mine\.tflite tells 3 classes apart, and its metadata names 2"),
        (
            {"input": {"height": 28, "width": 27, "channels": 1, "fit": "pad", "ground": "dark"}},
            r"mine\.tflite takes grey pictures of 8 x 8 pixels, and its metadata says grey pictures of 27 x 28 ",
        ),
        (
            {
                "input": {"height": 8, "width": 8, "channels": 3, "fit": "pad", "ground": "dark"},
                "training": None,
            },
            r"and its metadata says colour pictures of 8 x 8 pixels\. Name the metadata",
        ),
    ],
)
def test_metadata_that_does_not_fit(
    model: Path, picture: Path, change: dict[str, object], message: str
) -> None:
    content = json.loads(model.with_suffix(".json").read_text())
    model.with_suffix(".json").write_text(json.dumps({**content, **change}))
    with pytest.raises(DataError, match=message):
        predicted(model, picture)


def test_file_that_is_no_model(picture: Path) -> None:
    with pytest.raises(
        DataError, match=r"right\.png is not a model that can be run here\. Expected a \.tflite"
    ):
        predicted(picture, picture)


def test_missing_model(picture: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.tflite is missing\. Expected a \.tflite"):
        predicted(TINY / "gone.tflite", picture)
