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
from litesmith.errors import MachineError
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
    for one in results["variants"].values():
        low, high = one["accuracy_interval"]
        assert low < one["accuracy"] <= high
        assert np.trace(one["confusion"]) == round(one["accuracy"] * 60)
        assert [entry["name"] for entry in one["per_class"]] == CLASS_NAMES
        assert [sum(row) for row in one["confusion"]] == [entry["support"] for entry in one["per_class"]]


def test_a_files_scores_come_from_running_the_file(results: Any) -> None:
    test = read_split(catalog.TEST)
    answers = runtime.predict(catalog.LITE / "tuned-float16.tflite", test.images)
    one = results["variants"]["tuned-float16"]
    assert one["loss"] == pytest.approx(scores.loss(test.labels, answers))
    assert one["accuracy"] == scores.accuracy(test.labels, answers.argmax(axis=1))


def test_integer_files_have_no_loss_and_say_why(results: Any) -> None:
    for name, one in results["variants"].items():
        assert (one["loss"] is None) == name.endswith(("int8", "int4"))
        assert ("steps of 1/256" in one.get("loss_reason", "")) == name.endswith(("int8", "int4"))


def test_sizes_are_those_on_disk(results: Any) -> None:
    assert results["variants"]["tuned-keras"]["bytes"] == catalog.TUNED_MODEL.stat().st_size
    assert (
        results["variants"]["tuned-int8"]["bytes"] == (catalog.LITE / "tuned-int8.tflite").stat().st_size
    )


def test_predictions_hold_every_answer_and_the_pictures_of_mistakes(results: Any) -> None:
    test = read_split(catalog.TEST)
    kept = np.load(catalog.PREDICTIONS)
    assert kept["variants"].tolist() == VARIANTS
    assert np.array_equal(kept["ids"], test.ids)
    assert np.array_equal(kept["labels"], test.labels)
    assert kept["predicted"].shape == kept["confidence"].shape == (len(VARIANTS), 60)
    assert np.array_equal(
        (kept["predicted"] == test.labels).mean(axis=1),
        [results["variants"][name]["accuracy"] for name in VARIANTS],
    )
    final = results["final"]
    rows = [VARIANTS.index(name) for name in (final, f"{results['variants'][final]['model']}-keras")]
    wrong = np.flatnonzero((kept["predicted"][rows] != test.labels).any(axis=0))
    assert np.array_equal(kept["wrong_rows"], wrong)
    assert np.array_equal(kept["wrong_images"], test.images[wrong])


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
    for one in latency["variants"].values():
        assert 0 < one["median_ms"] <= one["p90_ms"] <= one["p99_ms"]


def test_what_is_not_asked_for_reads_not_measured(results: Any) -> None:
    assert list(results["device"]) == ["mcu", "npu"]
    for one in results["device"].values():
        assert (one["tool"], one["files"]) == (None, None)
    assert results["device"]["mcu"]["limit"]["name"] == "max_arena_bytes"
    assert results["device"]["npu"]["limit"] is None


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
    run(
        evaluated,
        elsewhere(tmp_path),
        {"evaluate": {"measure": ["mcu", "npu"]}},
    )
    found = json.loads((tmp_path / "results.json").read_text())["device"]
    assert found["mcu"]["tool"].startswith("TensorFlow Lite Micro ")
    eight_bits = ["tuned-int8", "pruned-int8", "clustered-int8"]
    assert list(found["mcu"]["files"]) == [*eight_bits, "tuned-int4", "pruned-int4"]
    # a dense layer between the first and the last one has weights of four bits here, and no kernel
    assert "FULLY_CONNECTED" in found["mcu"]["files"]["tuned-int4"]["refused"]
    assert list(found["npu"]["files"]) == eight_bits
    assert found["npu"]["accelerator"] == "ethos-u55-128"
    for one in found.values():
        fields = [column["name"] for column in one["columns"]]
        assert list(one["files"]["pruned-int8"]) == fields
    assert found["npu"]["caption"].startswith(
        f"What {found['npu']['tool']} expects of the int8 files on etho"
    )


def test_a_tool_that_is_missing_is_told_before_anything_is_measured(
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
