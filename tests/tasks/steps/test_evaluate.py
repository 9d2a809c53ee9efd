import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import litesmith.training.backend
from litesmith.analysis import scores
from litesmith.data.splits import read_split
from litesmith.device import measurement
from litesmith.device.limit_checks import NOT_REQUESTED
from litesmith.errors import MachineError
from litesmith.records.final.network import Network
from litesmith.records.record import read_record
from litesmith.tflite import runtime
from tasks import catalog
from tasks.steps.evaluate import Ins, Outs, evaluate
from tests.litesmith.device.test_measurement import has
from tests.litesmith.make_tiny import CLASS_NAMES
from tests.tasks.conftest import tiny_params

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tiny")]

VARIANTS = [
    "baseline-keras",
    "tuned-keras",
    "pruned-keras",
    "clustered-keras",
    "baseline-float32",
    *(
        f"{model}-{precision}"
        for model in ("tuned", "pruned")
        for precision in ("float32", "float16", "dynamic", "int8", "int4")
    ),
    "clustered-int8",
]


def run(root: Path, outs: Outs, overlay: dict[str, Any] | None = None) -> None:
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        patch.setattr(litesmith.training.backend, "set_threads", lambda _: None)
        evaluate.function(ins=Ins(), outs=outs, **evaluate.arguments(tiny_params(overlay or {})))


@pytest.fixture(scope="module")
def evaluated(tiny_workspace: Path) -> Path:
    run(tiny_workspace, Outs())
    return tiny_workspace


@pytest.fixture
def results(evaluated: Path, monkeypatch: pytest.MonkeyPatch) -> Any:
    monkeypatch.chdir(evaluated)
    return json.loads(catalog.results("evaluate").read_text())


def test_every_model_and_every_file_is_measured(results: Any) -> None:
    assert list(results["variants"]) == VARIANTS
    assert results["num_images"] == 60
    for variant in results["variants"].values():
        low, high = variant["accuracy_interval"]
        assert low < variant["accuracy"] <= high
        assert np.trace(variant["confusion"]) == round(variant["accuracy"] * 60)
        classes, balance = variant["per_class"], variant["balance"]
        recalls = [entry["recall"]["value"] for entry in classes]
        assert balance["accuracy"]["value"] == pytest.approx(np.mean(recalls))
        assert balance["worst"]["label"] == np.argmin(recalls)
        assert [entry["name"] for entry in classes] == CLASS_NAMES
        assert [sum(row) for row in variant["confusion"]] == [entry["num_images"] for entry in classes]


def test_a_files_scores_come_from_running_the_file(results: Any) -> None:
    test = read_split(catalog.TEST)
    answers = runtime.predict(catalog.LITE / "tuned-float16.tflite", test.images)
    variant = results["variants"]["tuned-float16"]
    assert variant["loss"] == pytest.approx(scores.loss(test.labels, answers))
    assert variant["accuracy"] == scores.accuracy(test.labels, answers.argmax(axis=1))


def test_what_unsure_answers_cost_is_told_of_baseline_and_final_file(results: Any) -> None:
    assert sorted(results["rejection"]) == ["baseline-keras", results["final"]]
    for name, curve in results["rejection"].items():
        first, *rest = curve["points"]
        assert (first["num_answered"], first["rejected"]) == (60, 0.0)
        assert first["accuracy"]["value"] == results["variants"][name]["accuracy"]
        assert [point["num_answered"] for point in rest] == sorted(
            (point["num_answered"] for point in rest), reverse=True
        )


def test_work_of_the_final_file_is_that_of_its_operators(results: Any) -> None:
    network = read_record(catalog.results("network"), Network)
    (macs,) = (check["measured"] for check in results["limits"] if check["name"] == "max_macs")
    assert macs == network.macs


def test_integer_files_have_no_loss_but_a_reason(results: Any) -> None:
    for name, variant in results["variants"].items():
        assert (variant["loss"] is None) == name.endswith(("int8", "int4"))
        assert ("steps of 1/256" in (variant["loss_reason"] or "")) == (variant["loss"] is None)


def test_sizes_are_those_on_disk(results: Any) -> None:
    assert results["variants"]["tuned-keras"]["bytes"] == catalog.TUNED_MODEL.stat().st_size
    assert (
        results["variants"]["tuned-int8"]["bytes"] == (catalog.LITE / "tuned-int8.tflite").stat().st_size
    )


def test_predictions_hold_every_answer_and_the_pictures_of_mistakes(results: Any) -> None:
    test = read_split(catalog.TEST)
    predictions = np.load(catalog.PREDICTIONS)
    assert predictions["variants"].tolist() == VARIANTS
    assert np.array_equal(predictions["ids"], test.ids)
    assert np.array_equal(predictions["labels"], test.labels)
    assert predictions["predicted"].shape == predictions["confidence"].shape == (len(VARIANTS), 60)
    assert np.array_equal(
        (predictions["predicted"] == test.labels).mean(axis=1),
        [results["variants"][name]["accuracy"] for name in VARIANTS],
    )
    final = results["final"]
    rows = [VARIANTS.index(name) for name in (final, f"{results['variants'][final]['model']}-keras")]
    wrong = np.flatnonzero((predictions["predicted"][rows] != test.labels).any(axis=0))
    assert np.array_equal(predictions["wrong_rows"], wrong)
    assert np.array_equal(predictions["wrong_images"], test.images[wrong])


def test_confusion_plot_has_a_row_for_each_image(results: Any) -> None:
    rows = pd.read_csv(catalog.plot("confusion"))
    counted = pd.crosstab(rows["actual"], rows["predicted"]).reindex(
        index=CLASS_NAMES, columns=CLASS_NAMES, fill_value=0
    )
    assert counted.to_numpy().tolist() == results["variants"][results["final"]]["confusion"]


def test_latency_names_host_and_runtime_and_times_every_file(results: Any) -> None:
    latency = json.loads(catalog.metrics("latency").read_text())
    assert set(latency["variants"]) == {name for name in VARIANTS if not name.endswith("keras")}
    assert latency["num_threads"] == 1
    assert latency["runtime"].startswith("LiteRT ")
    assert latency["host"]["cores"] >= 1
    for file in latency["variants"].values():
        assert 0 < file["median_ms"] <= file["p90_ms"] <= file["p99_ms"]
    assert [check["name"] for check in latency["limits"]] == ["max_latency_ms"]


def test_what_is_not_requested_is_not_measured(results: Any) -> None:
    assert results["device"] == {}
    assert results["not_measured"] == [
        "Memory under TensorFlow Lite Micro", "Cost on a neural processor",
    ]  # fmt: skip
    *others, arena = results["limits"]
    assert all(check["met"] is not None and check["reason"] is None for check in others)
    assert (arena["name"], arena["measured"], arena["met"]) == ("max_arena_bytes", None, None)
    assert arena["reason"] == NOT_REQUESTED


def elsewhere(folder: Path) -> Outs:
    return Outs(
        predictions=folder / "predictions.npz",
        metrics=folder / "metrics.json",
        results=folder / "results.json",
        confusion=folder / "confusion.csv",
        latency=folder / "latency.json",
    )


@pytest.mark.skipif(not has("mcu") or not has("npu"), reason="`make extras` installs what measures")
def test_ram_and_npu_of_the_integer_files(evaluated: Path, tmp_path: Path) -> None:
    run(evaluated, elsewhere(tmp_path), {"evaluate": {"measure": ["mcu", "npu"]}})
    measured = json.loads((tmp_path / "results.json").read_text())["device"]
    assert measured["mcu"]["tool"].startswith("TensorFlow Lite Micro ")
    eight_bits = ["tuned-int8", "pruned-int8", "clustered-int8"]
    assert list(measured["mcu"]["files"]) == [*eight_bits, "tuned-int4", "pruned-int4"]
    # a dense layer between the first and the last one has weights of four bits here, and no kernel
    assert "FULLY_CONNECTED" in measured["mcu"]["files"]["tuned-int4"]["refused"]
    assert list(measured["npu"]["files"]) == eight_bits
    for tool in measured.values():
        fields = [column["name"] for column in tool["columns"]]
        assert list(tool["files"]["pruned-int8"]["values"]) == fields
    assert measured["npu"]["caption"].startswith(
        f"What {measured['npu']['tool']} expects of the int8 files on ethos-u55-128 ("
    )


def test_a_missing_tool_is_an_error_before_anything_is_measured(
    evaluated: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(measurement, "installed_version", lambda _: None)
    with pytest.raises(MachineError, match=r"evaluate\.measure asks for npu \(ethos-u-vela\)"):
        run(evaluated, elsewhere(tmp_path), {"evaluate": {"measure": ["npu"]}})
    assert list(tmp_path.iterdir()) == []


def test_metrics_repeat_the_final_files_numbers(results: Any) -> None:
    metrics = json.loads(catalog.metrics("evaluate").read_text())
    assert metrics["final"] == metrics[results["final"]]
    assert metrics["tuned-keras"]["loss"] == results["variants"]["tuned-keras"]["loss"]


def test_again_gives_the_same_bytes_but_for_times(results: Any, tmp_path: Path) -> None:
    outs = elsewhere(tmp_path)
    run(Path.cwd(), outs)
    for name in ("predictions", "metrics", "results", "confusion"):
        assert getattr(outs, name).read_bytes() == getattr(Outs(), name).read_bytes(), name
