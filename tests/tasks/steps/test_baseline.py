from pathlib import Path

import pytest

from litesmith.files import read_json
from tasks.steps.baseline import Ins, Outs, baseline
from tests.tasks.steps.training_workspace import HISTORY_COLUMNS, in_small_workspace, read_columns

pytestmark = pytest.mark.slow


def test_the_yardstick_is_trained_saved_and_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = in_small_workspace(tmp_path, monkeypatch)
    baseline.function(ins=Ins(), outs=Outs(), **baseline.arguments(params))
    results = read_json(Outs.results)
    assert results["validation"]["accuracy"] > 0.5
    assert results["keras_bytes"] == Outs.model.stat().st_size
    assert results["num_parameters"] == 4 * 10 + 8 * (36 + 1) + 8 * (4 * 4 * 8 + 1) + 3 * (8 + 1)
    metrics, balance = read_json(Outs.metrics), results["validation"]["balance"]
    assert metrics["num_parameters"] == results["num_parameters"]
    assert metrics["validation"] == {
        "accuracy": results["validation"]["accuracy"],
        "loss": results["validation"]["loss"],
        "balanced_accuracy": balance["accuracy"]["value"],
        "worst_class_recall": balance["worst"]["recall"]["value"],
    }
    assert read_columns(Outs.history) == HISTORY_COLUMNS
    assert "conv1 (Conv2D)" in Outs.summary.read_text()
    assert "Total params: " in Outs.summary.read_text()
