import json
from pathlib import Path

import numpy as np
import pytest

from litesmith.errors import DataError
from litesmith.tflite.metadata import (
    Metadata,
    describe,
    parse_metadata,
    path_beside,
    read_metadata,
    write_metadata,
)
from tests.litesmith.make_tiny import CLASS_NAMES, TINY, images


@pytest.fixture
def metadata() -> Metadata:
    return describe("left or right", CLASS_NAMES, images(300, seed=1)[0])


@pytest.fixture
def model(tmp_path: Path, metadata: Metadata) -> Path:
    (tmp_path / "mine.tflite").write_bytes(b"the model")
    write_metadata(tmp_path / "mine.tflite", metadata)
    return tmp_path / "mine.tflite"


def test_what_is_written_is_read(model: Path, metadata: Metadata) -> None:
    read = read_metadata(model)
    assert read.model_copy(update={"sha256": None}) == metadata
    assert read.class_names == ("left", "right", "neither")
    assert (read.input.height, read.input.width) == (8, 8)


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


@pytest.mark.parametrize(
    ("border", "ground"),
    [(np.zeros(20), 0), (np.full(20, 255), 255), (np.full(20, 90), 90), (np.arange(20) * 13, None)],
)
def test_the_ground_is_the_tone_of_the_border_if_it_has_one(
    border: np.ndarray, ground: int | None
) -> None:
    drawn = np.full((20, 12, 12), 130, np.uint8)
    for image, tone in zip(drawn, border, strict=True):
        image[0] = image[-1] = image[:, 0] = image[:, -1] = tone
    assert describe("set", ["a", "b"], drawn).input.ground == ground


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
            '{"version": 2}',
            "has version 2, and this litesmith reads up to 1: it was written by a newer one",
        ),
        ('{"version": 1, "class_names": []}', "is not a model's metadata: "),
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
