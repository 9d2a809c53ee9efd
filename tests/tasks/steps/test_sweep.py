import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litesmith.files import read_json
from litesmith.records.record import read_record
from litesmith.records.sweep import SweepResult, TunedNetwork
from litesmith.training.backend import load_h5
from litesmith.training.cost import count_macs
from tasks.steps.sweep import Ins, Outs, sweep
from tests.tasks.steps.training_workspace import (
    HISTORY_COLUMNS,
    in_small_workspace,
    read_columns,
    small_targets,
)

pytestmark = pytest.mark.slow


def run_here(study: Callable[..., Any], /, *, num_workers: int) -> Any:
    return study(lambda function, jobs: [function(job) for job in jobs])


def run_nothing(study: Callable[..., Any], /, *, num_workers: int) -> Any:
    def refuse(function: Any, jobs: Any) -> Any:
        raise AssertionError("a finished trial was trained again")

    return study(refuse)


def test_the_winner_is_found_trained_and_described(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = in_small_workspace(tmp_path, monkeypatch)
    work = tmp_path / "work"
    work.mkdir()
    known = {"ins": Ins(), "outs": Outs(), "work": work, **sweep.arguments(params)}
    sweep.function(run_with_workers=run_here, **known)
    results = read_json(Outs.results)
    winner = results["winner"]
    assert [trial["state"] for trial in results["trials"]].count("complete") == 1
    assert winner["tflite_bytes"] <= params.device.max_tflite_bytes
    assert params.sweep.budget.max_macs == 12_000_000 < params.device.max_macs
    assert results["limits"] == {
        "max_tflite_bytes": params.device.max_tflite_bytes,
        "max_macs": 12_000_000,
        "max_activation_bytes": params.device.max_activation_bytes,
    }
    assert results["full_training"]["epochs"] == 2
    assert results["full_training"]["recipe"]["batch_size"] == winner["choices"]["batch_size"]

    model = load_h5(Outs.model)
    assert model.name == "tuned"
    assert count_macs(model) == winner["macs"]
    network = read_record(Outs.network, TunedNetwork).network
    assert network == read_record(Outs.results, SweepResult).winner.network
    assert read_columns(Outs.history) == HISTORY_COLUMNS
    assert "cpu_s" not in json.dumps(results)
    assert len(read_json(Outs.timing)["trials"]) == 3

    before = {path: path.read_bytes() for path in (Outs.model, Outs.results, Outs.metrics)}
    sweep.function(run_with_workers=run_nothing, **known)
    assert {path: path.read_bytes() for path in before} == before


def test_with_teachers_images_are_changed_as_they_saw_them(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = in_small_workspace(tmp_path, monkeypatch)
    small_targets(tmp_path, 5, 6)
    work = tmp_path / "work"
    work.mkdir()
    sweep.function(
        run_with_workers=run_here, ins=Ins(), outs=Outs(), work=work, **sweep.arguments(params)
    )
    results = read_json(Outs.results)
    assert {trial["choices"]["augmentation"] for trial in results["trials"]} == {"as the teachers saw"}
    seen = {"max_shift_px": 1, "flip": True, "erase_share": 0.2, "erase_px": [2, 4]}
    assert results["full_training"]["recipe"]["augmentation"] == seen
