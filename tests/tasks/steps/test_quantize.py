from pathlib import Path

import pytest

from litesmith.compression.loading import is_quantization_aware, load_aware
from litesmith.data.splits import read_split
from litesmith.errors import ParamsError
from litesmith.files import read_json, read_yaml
from litesmith.params.loading import overlaid, parse_params, read_params
from litesmith.params.sections.network import NetworkSpec
from litesmith.records.form import DataForm
from litesmith.records.quantize import QuantizeResult
from litesmith.records.record import read_record, write_record
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training.backend import save_h5
from litesmith.training.networks import build_network
from tasks import catalog
from tasks.steps.quantize import Ins, Outs, quantize
from tests.tasks.steps.test_prune import SPEC
from tests.tasks.steps.training_workspace import in_small_workspace

pytestmark = pytest.mark.slow


def run(
    folder: Path,
    patch: pytest.MonkeyPatch,
    variants: list[str],
    spec: NetworkSpec = SPEC,
    *,
    mirror_safe: bool = True,
) -> None:
    """Fine-tune an untrained network in a small workspace, in the ways asked for."""
    in_small_workspace(folder, patch)
    form = read_record(catalog.FORM, DataForm)
    write_record(catalog.FORM, form.model_copy(update={"mirror_safe": mirror_safe}))
    content = read_yaml(catalog.PARAMS)
    params = parse_params(
        overlaid(content, {"quantize": {"variants": variants}}), Path(__file__).parents[3]
    )
    for path in (Ins.tuned, Ins.pruned):
        save_h5(build_network(spec, path.stem), path)
    quantize.function(ins=Ins(), outs=Outs(), work=folder / "work", **quantize.arguments(params))


def test_each_way_leaves_a_model_that_converts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, monkeypatch, ["qat", "pqat", "clustered", "flip_averaged"])
    found = read_json(Outs.results)["variants"]
    assert {name: one["parent"] for name, one in found.items()} == {
        "qat": "tuned", "pqat": "pruned", "clustered": "tuned", "flip_averaged": "tuned",
    }  # fmt: skip
    assert [len(one["history"]) for one in found.values()] == [1, 1, 1, 0]
    assert [one["passes"] for one in found.values()] == [1, 1, 1, 2]
    assert found["qat"]["parent_validation"] == found["clustered"]["parent_validation"]
    assert found["qat"]["validation"] != found["clustered"]["validation"]
    assert (
        1 < max(found["clustered"]["distinct_values"][f"stage2_unit{unit}_conv"] for unit in (0, 1)) <= 8
    )
    assert found["flip_averaged"]["description"].startswith(
        "the winner without more training: it looks at"
    )
    assert found["pqat"]["description"].endswith("its zeros kept")
    metrics, reached = read_json(Outs.metrics)["validation"]["qat"], found["qat"]["validation"]
    assert (metrics["accuracy"], metrics["loss"]) == (reached["accuracy"], reached["loss"])
    assert metrics["balanced_accuracy"] == reached["balance"]["accuracy"]["value"]
    images = read_split(Ins.train).images[:20]
    assert sorted(path.stem for path in Outs.models.iterdir()) == sorted(found)
    for path in Outs.models.iterdir():
        model = load_aware(path)
        assert is_quantization_aware(model) == path.stem.endswith("qat")
        assert len(INT8.convert(model, images)) > 1000


def test_where_a_mirror_image_may_be_of_another_class_nothing_looks_at_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    with caplog.at_level("INFO"):
        run(tmp_path, monkeypatch, ["clustered", "flip_averaged"], mirror_safe=False)
    results = read_record(Outs.results, QuantizeResult)
    assert list(results.variants) == ["clustered"]
    assert [path.name for path in Outs.models.iterdir()] == ["clustered.h5"]
    assert results.left_out == {"flip_averaged": "a mirror image may be of another class"}
    assert "left out flip_averaged: a mirror image may be of another class" in caplog.text
    assert read_params(catalog.PARAMS).quantize.recipe.augmentation.flip
    assert not results.recipe.augmentation.flip


def test_none_is_asked_for(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    run(tmp_path, monkeypatch, [])
    assert read_json(Outs.results)["variants"] == {}
    assert list(Outs.models.iterdir()) == []


def test_a_network_that_runs_layers_again_cannot_learn_to_round(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    spec = SPEC.replace(repeats=2)
    with pytest.raises(
        ParamsError, match=r"runs stage2_unit1_conv more than once.*Leave qat and pqat out"
    ):
        run(tmp_path, monkeypatch, ["qat"], spec)
