import json
from pathlib import Path

import numpy as np
import pytest
from pydantic import ValidationError

from litesmith.errors import DataError
from litesmith.params.sections.dataset import Ground
from litesmith.tflite.metadata import (
    InputForm,
    Metadata,
    describe,
    parse_metadata,
    path_beside,
    read_metadata,
    write_metadata,
)
from tests.litesmith.make_tiny import TINY, images, tiny_form

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def metadata() -> Metadata:
    return describe("left or right", tiny_form(8, "any"), images(300, seed=1)[0])


@pytest.fixture
def model(tmp_path: Path, metadata: Metadata) -> Path:
    (tmp_path / "mine.tflite").write_bytes(b"the model")
    write_metadata(tmp_path / "mine.tflite", metadata)
    return tmp_path / "mine.tflite"


def test_what_is_written_is_read(model: Path, metadata: Metadata) -> None:
    read = read_metadata(model)
    assert read.model_copy(update={"sha256": None}) == metadata
    assert read.class_names == ("left", "right", "neither")
    form = InputForm(height=8, width=8, channels=1, fit="pad", ground="any")
    assert (read.version, read.input, read.tensors) == (3, form, None)


def test_the_committed_one_is_what_is_written_today(
    model: Path, tmp_path: Path, metadata: Metadata
) -> None:
    (tmp_path / "int8.tflite").write_bytes((TINY / "int8.tflite").read_bytes())
    write_metadata(tmp_path / "int8.tflite", metadata)
    written, committed = (read_metadata(folder / "int8.tflite") for folder in (tmp_path, TINY))
    assert written.model_dump(exclude={"training"}) == committed.model_dump(exclude={"training"})
    assert committed.training is not None
    drawn = images(50, seed=3)[0]
    assert committed.training.distances(drawn) == pytest.approx(
        metadata.training.distances(drawn), rel=1e-3
    )  # type: ignore[union-attr]


@pytest.mark.parametrize("ground", ["dark", "light", "any"])
def test_the_ground_is_what_the_data_set_calls_it_whatever_its_images_show(ground: Ground) -> None:
    assert describe("set", tiny_form(8, ground), images(30, seed=1)[0]).input.ground == ground


def test_colour_images_have_statistics_of_colour() -> None:
    form = tiny_form(8).model_copy(update={"channels": 3})
    metadata = describe("set", form, np.repeat(images(30, seed=1)[0], 3, axis=3))
    assert metadata.input.channels == 3
    assert metadata.training is not None and metadata.training.channels == 3
    with pytest.raises(ValidationError, match="statistics of images of 3 channels, and its input has 1"):
        metadata.replace(input=metadata.input.replace(channels=1))


@pytest.mark.parametrize(
    ("level", "ground"),
    [
        (0, "dark"),
        (63, "dark"),
        (64, "any"),
        (191, "any"),
        (192, "light"),
        (255, "light"),
        (None, "any"),
    ],
)
def test_the_first_version_is_read(model: Path, level: int | None, ground: Ground) -> None:
    size = {"height": 8, "width": 8, "channels": 1}
    content = json.loads(path_beside(model).read_text())
    del content["tensors"]
    first = {**content, "version": 1, "input": {**size, "ground": level}}
    path_beside(model).write_text(json.dumps(first))
    read = read_metadata(model)
    assert (read.version, read.input) == (3, InputForm(**size, fit="pad", ground=ground))
    assert (
        read.training == Metadata.model_validate_json(json.dumps({**content, "tensors": None})).training
    )


def test_the_second_version_is_read(model: Path, metadata: Metadata) -> None:
    content = json.loads(path_beside(model).read_text())
    del content["tensors"]
    path_beside(model).write_text(json.dumps({**content, "version": 2}))
    assert read_metadata(model).model_copy(update={"sha256": None}) == metadata


def test_published_models_of_the_first_version_are_read() -> None:
    path = PROJECT / "benchmarks/models/fashion-mnist-16000.json"
    assert json.loads(path.read_text())["version"] == 1
    form = InputForm(height=28, width=28, channels=1, fit="pad", ground="dark")
    assert parse_metadata(path).input == form


def test_another_file_of_the_same_name(model: Path) -> None:
    model.write_bytes(b"another model")
    with pytest.raises(
        DataError, match=r"mine\.json belongs to another file than .*mine\.tflite: .* SHA-256"
    ):
        read_metadata(model)


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("", "is not JSON: "),
        pytest.param("[" * 100_000, "is nested too deeply for JSON", id="nested"),
        ("\x00\xff", "is not JSON: "),
        ("[]", r"is not a model's metadata: Input should be an object\. docs/decisions/0017"),
        ("{}", "is not a model's metadata: version: Field required"),
        (
            '{"version": 4}',
            "has version 4, and this litesmith reads up to 3: it was written by a newer one",
        ),
        ('{"version": 3, "class_names": []}', "is not a model's metadata: "),
        ('{"version": 2, "class_names": []}', "is not a model's metadata: "),
        ('{"version": 1, "class_names": []}', "is not a model's metadata: "),
        ('{"version": "1"}', "is not a model's metadata: "),
        ('{"version": true}', "is not a model's metadata: "),
    ],
)
def test_what_is_no_metadata(model: Path, text: str, reason: str) -> None:
    path_beside(model).write_bytes(text.encode("latin-1"))
    with pytest.raises(DataError, match=reason):
        read_metadata(model)


def test_a_class_name_too_few_is_named_with_its_field(model: Path) -> None:
    content = json.loads(path_beside(model).read_text())
    path_beside(model).write_text(json.dumps({**content, "class_names": ["only"]}))
    with pytest.raises(
        DataError, match=r"mine\.json is not a model's metadata: class_names: .* at least 2 items"
    ):
        read_metadata(model)


@pytest.mark.parametrize(
    ("names", "reason"),
    [
        (["a", " "], "class_names: must hold names that can be shown, and one is ' '"),
        (
            ["a", "b\n99.9%  c"],
            r"class_names: must hold names that can be shown, and one is 'b\\n99\.9%  c'",
        ),
        (
            ["a", "\x1b[31mb"],
            r"class_names: must hold names that can be shown, and one is '\\x1b\[31mb'",
        ),
        (["a", "b", "a"], "class_names: must name each class once, and 'a' stands there 2 times"),
    ],
)
def test_class_names_that_would_mislead(model: Path, names: list[str], reason: str) -> None:
    content = json.loads(path_beside(model).read_text())
    path_beside(model).write_text(json.dumps({**content, "class_names": names}))
    with pytest.raises(DataError, match=reason):
        read_metadata(model)


@pytest.mark.parametrize(
    ("field", "value", "reason"),
    [
        ("correlation", [[1.0] * 9] * 9, "training.correlation: expected a correlation"),
        ("correlation", [[0.0] * 9] * 9, "training.correlation: expected a correlation"),
        ("correlation", (-np.eye(9)).tolist(), "training.correlation: expected a correlation"),
        (
            "correlation",
            np.triu(np.full((9, 9), 0.5), 1).tolist(),
            "training.correlation: expected a correlation",
        ),
        ("correlation", [[1.0] * 8] * 9, "expected 9 or 14 numbers, one for each statistic, got 8"),
        ("correlation", np.eye(14).tolist(), "as many means as deviations .* got 9, 9 and 14"),
        (
            "correlation",
            np.eye(9).tolist()[:8],
            r"training.correlation: expected .* a square, got \(8, 9\)",
        ),
        ("mean", [0.0] * 14, "as many means as deviations .* got 14, 9 and 9"),
        ("deviation", [0.0] * 9, r"training.deviation.0: Input should be greater than 0"),
    ],
)
def test_statistics_that_give_no_distance(
    model: Path, field: str, value: list[object], reason: str
) -> None:
    content = json.loads(path_beside(model).read_text())
    content["training"][field] = value
    path_beside(model).write_text(json.dumps(content))
    with pytest.raises(DataError, match=reason):
        read_metadata(model)


def test_metadata_that_windows_saved(model: Path, metadata: Metadata) -> None:
    path_beside(model).write_bytes(b"\xef\xbb\xbf" + path_beside(model).read_bytes())
    assert read_metadata(model).class_names == metadata.class_names


def test_a_folder_in_the_place_of_metadata(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="is a folder, and a JSON file was expected"):
        parse_metadata(tmp_path)
