import json
from dataclasses import fields
from pathlib import Path
from typing import Any

import numpy as np
import pytest

import litesmith.training.backend
import tasks.steps.convert as convert_step
from litesmith.data.splits import Split, read_split, write_split
from litesmith.errors import ConversionError
from litesmith.records.convert import ConvertResult
from litesmith.records.final.network import Network
from litesmith.records.final.tradeoff import Tradeoff
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from litesmith.tflite import runtime
from litesmith.tflite.metadata import InputForm, read_metadata
from litesmith.tflite.precisions.precision import Precision
from litesmith.tflite.precisions.registry import precision
from tasks import catalog
from tasks.steps.convert import Ins, Outs, convert
from tests.tasks.conftest import tiny_params

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("tiny")]

FILES = [
    "baseline-float32",
    *(
        f"{model}-{precision}"
        for model in ("tuned", "pruned")
        for precision in ("float32", "float16", "dynamic", "int8", "int4")
    ),
    "clustered-int8",
]


@pytest.fixture
def here(tiny_workspace: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tiny_workspace)
    monkeypatch.setattr(litesmith.training.backend, "set_threads", lambda _: None)
    return tiny_workspace


@pytest.fixture
def results(here: Path) -> Any:
    return json.loads(catalog.results("convert").read_text())


def again(folder: Path, overlay: dict[str, Any], ins: Ins | None = None, **limits: int) -> Outs:
    """Convert into another folder, for a device with other limits."""
    outs = Outs(
        lite=folder / "lite",
        final=folder / "final.tflite",
        metadata=folder / "final.json",
        golden=folder / "golden.npz",
        gate_answers=folder / "gate-answers.npz",
        calibration_ids=folder / "ids.json",
        metrics=folder / "metrics.json",
        results=folder / "results.json",
        network=folder / "network.json",
        tradeoff=folder / "tradeoff.json",
    )
    params = tiny_params(overlay)
    params = params.model_copy(update={"device": params.device.replace(**limits)})
    convert.function(ins=ins or Ins(), outs=outs, **convert.arguments(params))
    return outs


def limit_precisions(monkeypatch: pytest.MonkeyPatch, **names: str) -> None:
    """Convert each model to the precisions given, and the others to none."""

    def some(model: str) -> tuple[Precision, ...]:
        return tuple(precision(name) for name in names.get(model, "").split())

    monkeypatch.setattr(convert_step, "_precisions", some)


def test_twelve_files_each_with_every_check_passed(results: Any) -> None:
    assert list(results["files"]) == FILES
    assert sorted(path.stem for path in catalog.LITE.glob("*.tflite")) == sorted(FILES)
    for name, file in results["files"].items():
        assert f"{file['model']}-{file['precision']}" == name
        assert [check["passed"] for check in file["checks"]] == [True] * 7
        assert file["bytes"] == (catalog.LITE / f"{name}.tflite").stat().st_size
        assert file["gzip_bytes"] < file["bytes"]


def test_inputs_and_outputs_are_recorded_as_they_are(results: Any) -> None:
    int8 = results["files"]["tuned-int8"]
    assert int8["input"]["dtype"] == int8["output"]["dtype"] == "int8"
    assert int8["input"]["shape"] == [1, 8, 8, 1]
    assert int8["output"] == {"dtype": "int8", "shape": [1, 3], "scale": 1 / 256, "zero_point": -128}
    assert results["files"]["tuned-dynamic"]["input"]["scale"] is None


def test_sparsity_is_counted_in_the_file(results: Any) -> None:
    dense = {
        name: next(
            layer["sparsity"] for layer in file["sparsity"]["layers"] if layer["name"] == "dense_1"
        )
        for name, file in results["files"].items()
    }
    assert dense["tuned-float32"] == 0
    assert all(0.5 <= dense[name] < 0.53 for name in FILES if name.startswith("pruned"))
    overall = results["files"]["pruned-float32"]["sparsity"]["overall"]
    assert overall == pytest.approx(512 / (72 + 1024 + 24))


def test_final_is_the_pruned_file_as_zeros_travel_light(results: Any) -> None:
    final = results["final"]
    tuned, pruned = final["candidates"]["tuned-int8"], final["candidates"]["pruned-int8"]
    assert list(final["candidates"]) == ["tuned-int8", "pruned-int8", "clustered-int8"]
    assert tuned["near_best"]
    assert pruned["near_best"]
    assert tuned["bytes"] == pytest.approx(pruned["bytes"], rel=0.01)
    assert final["name"] == "pruned-int8"
    assert final["moved_px"] == 1
    assert "the smallest compressed" in final["reason"]
    assert final["candidates"]["tuned-int8"]["balance"]["worst"]["num_images"] > 0
    file = results["files"]["pruned-int8"]
    metrics = json.loads(catalog.metrics("convert").read_text())["final"]
    assert metrics["balanced_accuracy"] == file["balance"]["accuracy"]["value"]
    assert metrics["worst_class_recall"] == file["balance"]["worst"]["recall"]["value"]
    assert catalog.FINAL_LITE.read_bytes() == (catalog.LITE / "pruned-int8.tflite").read_bytes()


def test_network_of_the_final_file_is_recorded_with_its_totals(results: Any) -> None:
    network = read_record(catalog.results("network"), Network)
    final = results["files"][results["final"]["name"]]
    assert (network.file, network.bytes) == (results["final"]["name"], final["bytes"])
    assert network.sparsity == pytest.approx(final["sparsity"]["overall"])
    assert network.num_weights == sum(each["num_weights"] for each in final["sparsity"]["layers"])
    assert network.macs == 8 * 8 * 72 + 1024 + 24
    assert sum(part.bytes for part in (*network.operators, *network.other)) == network.bytes


def test_every_file_is_weighed_on_validation(results: Any) -> None:
    tradeoff = read_record(catalog.results("tradeoff"), Tradeoff)
    assert sorted(tradeoff.files) == sorted(FILES)
    assert tradeoff.num_images == len(read_split(catalog.VALIDATION).labels)
    for name, file in tradeoff.files.items():
        assert file.accuracy.value == results["files"][name]["validation_accuracy"]
        assert file.bytes == results["files"][name]["bytes"]


def test_calibration_ids_are_of_train_and_fair_to_classes(results: Any) -> None:
    train = read_split(catalog.TRAIN)
    ids = json.loads(catalog.CALIBRATION_IDS.read_text())["ids"]
    assert len(set(ids)) == 60
    assert set(ids) <= set(train.ids.tolist())
    assert np.bincount(train.labels[np.array(ids) - 1000]).tolist() == [20, 20, 20]
    assert results["calibration"]["per_class"] == [20, 20, 20]
    assert results["calibration"]["num_images"] == 60


def test_metadata_travels_with_every_file(here: Path) -> None:
    train, form = read_split(catalog.TRAIN), read_record(catalog.FORM, DataForm)
    for path in (*catalog.LITE.glob("*.tflite"), catalog.FINAL_LITE):
        metadata = read_metadata(path)
        assert metadata.class_names == form.class_names
        assert metadata.input == InputForm(height=8, width=8, channels=1, fit="pad", ground="dark")
        assert metadata.training is not None
        assert metadata.training.outside(train.images).mean() < 0.02
    assert sorted(path.stem for path in catalog.LITE.glob("*.json")) == sorted(FILES)


def test_golden_file_repeats_the_check(here: Path) -> None:
    golden = np.load(catalog.GOLDEN)
    assert np.bincount(golden["labels"]).tolist() == [4, 4, 4]
    for model in ("baseline", "tuned", "pruned"):
        answers = runtime.predict(catalog.LITE / f"{model}-float32.tflite", golden["images"])
        assert np.abs(answers - golden[model]).max() < 1e-4


def test_metrics_are_few_numbers(results: Any) -> None:
    metrics = json.loads(catalog.metrics("convert").read_text())
    assert metrics["final"]["bytes"] == results["final"]["bytes"]
    assert metrics["final"]["sparsity"] > 0.4
    assert set(metrics["files"]["tuned-int8"]) == {
        "bytes",
        "gzip_bytes",
        "validation_accuracy",
        "agreement_with_keras",
    }


def test_the_answers_of_the_final_files_model_to_the_gate_images_are_kept(here: Path) -> None:
    from litesmith.tflite import converter
    from litesmith.training.backend import load_h5

    answers, gate = np.load(catalog.GATE_ANSWERS), read_split(catalog.GATE)
    assert str(answers["model"]) == "pruned"
    assert np.array_equal(answers["ids"], gate.ids)
    expected = converter.probabilities(load_h5(catalog.PRUNED_MODEL), gate.images)
    assert np.array_equal(answers["probabilities"], expected)


def test_nothing_is_chosen_on_the_gate_images(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_precisions(monkeypatch, tuned="int8", pruned="int8")
    with_gate, other = again(tmp_path / "one", {}), tmp_path / "gate"
    gate = read_split(catalog.GATE)
    write_split(other, Split(255 - gate.images[:9], gate.labels[:9], gate.ids[:9]))
    without = again(tmp_path / "two", {}, Ins(gate=other))
    for field in fields(Outs):
        one, two = getattr(with_gate, field.name), getattr(without, field.name)
        if one.is_file():
            assert (one.read_bytes() == two.read_bytes()) is (field.name != "gate_answers"), field.name


def test_again_gives_the_same_bytes(here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    limit_precisions(monkeypatch, tuned="int8", pruned="int8")
    outs = again(tmp_path, {})
    for name in ("tuned-int8", "pruned-int8"):
        assert (outs.lite / f"{name}.tflite").read_bytes() == (
            catalog.LITE / f"{name}.tflite"
        ).read_bytes()
    assert outs.calibration_ids.read_bytes() == catalog.CALIBRATION_IDS.read_bytes()
    assert outs.final.read_bytes() == catalog.FINAL_LITE.read_bytes()


def test_every_file_that_fails_is_named_with_the_reason(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_precisions(monkeypatch, tuned="float32 int8", pruned="int8")
    with pytest.raises(ConversionError) as caught:
        again(tmp_path, {"convert": {"golden_tolerance": {"int8": 1e-9}}})
    first, tuned, pruned = str(caught.value).splitlines()
    assert first == "some files do not do what their Keras models do:"
    assert tuned.startswith("tuned-int8.tflite: golden: largest error 0.0")
    assert pruned.startswith("pruned-int8.tflite: golden: largest error 0.0")
    assert not (tmp_path / "final.tflite").exists()


def test_a_candidate_more_that_fails_is_refused_and_the_others_stand(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_precisions(monkeypatch, tuned="float32 int8", pruned="float32", clustered="float16")
    outs = again(tmp_path, {"convert": {"golden_tolerance": {"float16": 1e-9}}})
    results = json.loads(outs.results.read_text())
    assert list(results["files"]) == ["tuned-float32", "tuned-int8", "pruned-float32"]
    assert results["refused"]["clustered-float16"].startswith(
        "clustered-float16.tflite: golden: largest error 0.0"
    )
    assert sorted(path.stem for path in outs.lite.glob("*.tflite")) == sorted(results["files"])
    assert results["final"]["name"] == "tuned-int8"


def test_a_candidate_that_breaks_a_limit_of_the_device_is_not_chosen(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_precisions(monkeypatch, tuned="int8", pruned="int8", clustered="int8")
    final = json.loads(again(tmp_path, {}, max_tflite_bytes=1).results.read_text())["final"]
    assert list(final["candidates"]) == ["tuned-int8", "pruned-int8", "clustered-int8"]
    assert not any(file["within_limits"] for file in final["candidates"].values())
    assert "No candidate keeps the device's limits: tuned-int8 (int8 file of " in final["reason"]


def test_fewer_images_than_asked_for_are_all_taken(
    here: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    limit_precisions(monkeypatch, tuned="int8")
    outs = again(tmp_path, {"convert": {"num_calibration": 91, "num_golden": 1000}})
    assert read_record(outs.results, ConvertResult).calibration.num_images == 90
    assert len(np.load(outs.golden)["labels"]) == 300
