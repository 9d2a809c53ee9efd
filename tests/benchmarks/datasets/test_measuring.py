import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks.datasets.measuring import measure
from litesmith.data.splits import Split, write_split
from litesmith.errors import ContractError, DataError
from litesmith.files import write_json, write_text
from litesmith.inference.predict import predict_pictures
from tasks import catalog
from tests.litesmith.make_tiny import CLASS_NAMES, TINY, images

FINAL = "tuned-int8"


def estimate(value: float) -> dict[str, float]:
    return {"value": value, "low": value - 0.05, "high": value + 0.05}


def variant(*recalls: float | None) -> dict[str, Any]:
    return {
        "label": "a model", "accuracy": 0.8, "accuracy_interval": [0.7, 0.9], "bytes": 3000, "gzip_bytes": 2000,
        "per_class": [
            {"name": name, "recall": None if recall is None else estimate(recall), "num_images": 20}
            for name, recall in zip(CLASS_NAMES, recalls, strict=True)
        ],
    }  # fmt: skip


@pytest.fixture
def workspace(tmp_path: Path) -> Path:
    """Return a folder with what two runs leave that `measure` reads."""
    write_text(tmp_path / catalog.REPORT, "<html></html>")
    (tmp_path / catalog.FINAL_LITE).parent.mkdir(parents=True)
    shutil.copy(TINY / "int8.tflite", tmp_path / catalog.FINAL_LITE)
    shutil.copy(TINY / "int8.json", tmp_path / catalog.FINAL_METADATA)
    drawn, labels = images(150, seed=4)
    write_split(tmp_path / catalog.TEST, Split(drawn, labels, np.arange(150)))
    answers = np.stack([np.full(150, 2), labels]).astype(np.uint8)
    write_predictions(tmp_path, answers)
    evaluated = {
        "num_images": 150, "final": FINAL,
        "variants": {FINAL: variant(0.9, 0.7, None), "baseline-keras": variant(0.5, 0.6, 1.0)},
        "gain": {"mean": 0.01, "standard_error": 0.01, "low": -0.00963, "high": 0.0296},
        "device": {},
    }  # fmt: skip
    write_json(tmp_path / catalog.results("evaluate"), evaluated)
    for name, spent, server in (("a", 100.26, None), ("b", 200.0, 9.5)):
        write_json(
            tmp_path / catalog.RUNS / f"{name}.json",
            {"cpu_s": spent, "server_cpu_s": server, "error": None},
        )
    return tmp_path


def write_predictions(workspace: Path, answers: np.ndarray) -> None:
    names = np.array(["baseline-keras", FINAL])
    np.savez(workspace / catalog.PREDICTIONS, variants=names, predicted=answers)


def test_figures_are_read_from_the_evaluation_and_the_runs(workspace: Path) -> None:
    figures = measure(workspace)
    assert figures["final"] == {
        "name": FINAL, "bytes": 3000, "accuracy": 0.8, "accuracy_interval": [0.7, 0.9],
        "balanced_accuracy": 0.8, "worst_class": {"name": "right", "recall": 0.7},
    }  # fmt: skip
    assert figures["baseline_fit"]["balanced_accuracy"] == 0.7
    assert figures["baseline_fit"]["worst_class"] == {"name": "left", "recall": 0.5}
    assert figures["final_minus_baseline"] == {"mean": 0.01, "low": -0.0096, "high": 0.0296}
    assert (figures["num_test"], figures["num_runs"], figures["cpu_s"]) == (150, 2, 309.8)


def answered(folder: Path, drawn: np.ndarray) -> list[str]:
    """Return what `predict` says of images in picture files."""
    from benchmarks.datasets.writing import write_picture

    paths = [folder / f"{row:03}.png" for row in range(len(drawn))]
    for path, image in zip(paths, drawn, strict=True):
        write_picture(path, image)
    return [outcome.guesses[0].name for _, outcome in predict_pictures(TINY / "int8.tflite", paths)]


def test_a_hundred_pictures_are_compared_with_the_final_files_own_answers(workspace: Path) -> None:
    drawn, _ = images(150, seed=4)
    names = answered(workspace / "pictures", drawn)
    answers = np.array([CLASS_NAMES.index(name) for name in names], np.uint8)
    write_predictions(workspace, np.stack([answers, answers]))
    predicted = measure(workspace)["predict"]
    assert (predicted["num_pictures"], predicted["as_evaluated"], predicted["refused"]) == (100, 100, 0)
    assert predicted["interval"][0] == pytest.approx(0.963, abs=0.001)
    write_predictions(workspace, np.stack([answers, (answers + 1) % 3]))
    assert measure(workspace)["predict"]["as_evaluated"] == 0


@pytest.mark.parametrize("path", [catalog.REPORT, catalog.FINAL_LITE])
def test_a_run_without_page_or_file_is_no_run(workspace: Path, path: Path) -> None:
    (workspace / path).unlink()
    with pytest.raises(ContractError, match=f"{path} is missing. The run has not come to its end"):
        measure(workspace)


def test_an_evaluation_of_another_version_is_told(workspace: Path) -> None:
    write_json(workspace / catalog.results("evaluate"), {"final": FINAL})
    with pytest.raises(DataError, match="variants"):
        measure(workspace)
