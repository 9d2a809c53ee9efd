import gzip
import shutil
from pathlib import Path

import numpy as np
import pytest

from benchmarks import score
from litesmith.analysis import scores
from litesmith.tflite import runtime
from tests.conftest import write_idx
from tests.litesmith.make_tiny import TINY, images

FILE = TINY / "int8.tflite"


@pytest.fixture
def official(tmp_path: Path) -> Path:
    """Write tiny images in files named as the official ones."""
    pixels, labels = images(40, seed=5)
    labels[::4] = (labels[::4] + 1) % 3
    for name, array in zip(score.OFFICIAL, (pixels[..., 0], labels), strict=True):
        write_idx(tmp_path / name, array)
    return tmp_path


def test_the_score_is_that_of_the_library(official: Path) -> None:
    pixels, labels = images(40, seed=5)
    labels[::4] = (labels[::4] + 1) % 3
    expected = scores.accuracy(labels, runtime.predict(FILE, pixels).argmax(axis=1))
    assert 0 < expected < 1
    assert score.score(FILE, official) == expected


def test_inputs_are_the_librarys_to_the_bit() -> None:
    values = np.arange(256, dtype=np.uint8).reshape(4, 8, 8, 1)
    tensor = runtime.LiteModel(FILE).input
    assert tensor.scale is not None
    assert tensor.zero_point is not None
    pixels = values.astype(np.float32) / 255
    simple = np.clip(np.rint(pixels / tensor.scale) + tensor.zero_point, -128, 127).astype(np.int8)
    assert np.array_equal(simple.ravel(), runtime.LiteModel(FILE).encoded(values).ravel())


def test_the_command_scores_named_files(official: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score.main([str(official), str(FILE)]) == 0
    accuracy, name = capsys.readouterr().out.split()
    assert name == "int8.tflite"
    assert accuracy == f"{score.score(FILE, official):.4f}"


def test_the_command_scores_the_published_files(
    official: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    models = official / "models"
    models.mkdir()
    for name in ("b.tflite", "a.tflite"):
        shutil.copy(FILE, models / name)
    monkeypatch.setattr(score, "MODELS", models)
    assert score.main([str(official)]) == 0
    assert [line.split()[1] for line in capsys.readouterr().out.splitlines()] == ["a.tflite", "b.tflite"]


def test_missing_official_files_are_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert score.main([str(tmp_path), str(FILE)]) == 1
    output = capsys.readouterr().err
    assert "does not hold t10k-images-idx3-ubyte.gz and t10k-labels-idx1-ubyte.gz" in output
    assert "Name the folder with the official files" in output


def test_no_file_to_score_is_told(
    official: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(score, "MODELS", official / "none")
    assert score.main([str(official)]) == 1
    assert "holds no .tflite file" in capsys.readouterr().err


@pytest.mark.parametrize(
    ("place", "reason"), [(0, "Not a gzipped file"), (20, "Error -3"), (-8, "CRC check failed")]
)
def test_damaged_official_files_are_told(
    official: Path, place: int, reason: str, capsys: pytest.CaptureFixture[str]
) -> None:
    path = official / score.OFFICIAL[0]
    content = bytearray(gzip.compress(gzip.decompress(path.read_bytes()), mtime=0))
    content[place] ^= 0xFF
    path.write_bytes(content)
    assert score.main([str(official), str(FILE)]) == 1
    output = capsys.readouterr().err
    assert f"error: {FILE} cannot be scored on the files in {official}: {reason}" in output
    assert "Fetch the official files again" in output


def test_models_that_ask_for_other_images_are_told(
    official: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    model = score.MODELS / "fashion-mnist-16000.tflite"
    assert score.main([str(official), str(model)]) == 1
    assert f"error: {model} cannot be scored" in capsys.readouterr().err
