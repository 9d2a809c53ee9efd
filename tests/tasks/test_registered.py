"""A precision, a variant and a device measurement, each added by one entry of its registry alone."""

import hashlib
import re
import shutil
from pathlib import Path
from typing import Any

import pytest
from markupsafe import Markup

import litesmith.device.registry
import litesmith.tflite.precisions.registry
from litesmith.compression.quantization import Tuning
from litesmith.compression.variants import registry as variants
from litesmith.compression.variants.variant import FineTuned, Variant
from litesmith.device.measurement import MeasuredLimit, Measurement, Values
from litesmith.files import read_json, read_yaml
from litesmith.params.loading import overlaid, parse_params
from litesmith.params.sections.evaluate import EvaluateParams
from litesmith.records.device import Column
from litesmith.tflite.precisions.float32 import FLOAT32
from litesmith.tflite.precisions.int8 import INT8, translate
from litesmith.tflite.precisions.precision import Precision
from litesmith.training.backend import keras, save_h5
from litesmith.training.networks import build_network
from litesmith.training.types import KerasModel
from tasks import catalog
from tasks.dag.closure import sources
from tasks.dag.step import Step
from tasks.registries import require_registered
from tasks.steps import convert, evaluate, quantize, report
from tests.tasks.steps.test_prune import SPEC
from tests.tasks.steps.test_report import write_inputs
from tests.tasks.steps.training_workspace import in_small_workspace

PROJECT = Path(__file__).parents[2]


def make_copy(parent: KerasModel, _: Tuning) -> FineTuned:
    """Return the parent under another name, its last bias moved."""
    model = keras.Model.from_config({**parent.get_config(), "name": "copied"})
    model.set_weights(parent.get_weights())
    return FineTuned(model, [], {"stem_conv": 7})


def count_pages(path: Path, _: EvaluateParams) -> Values:
    """Count the pages of 4,096 bytes that a file fills."""
    return {"num_pages": -(-path.stat().st_size // 4096)}


PLAIN8 = Precision(
    name="plain8", translate=translate, weights="int8", io_dtype="int8",
    needs_calibration=True, may_be_final=True,
)  # fmt: skip
COPIED = Variant(
    name="copied", label="winner, copied", parent="tuned", make=make_copy, passes=3,
    description=lambda params: f"the winner, copied before {params.recipe.epochs} epoch", precisions=("int8", "plain8"),
)  # fmt: skip
PAGES = Measurement(
    name="pages", package="numpy", tool="Page counter", title="Pages of flash",
    caption="What the integer files fill, as {tool} counts it.", columns=(Column(name="num_pages", label="Pages filled", unit=""),),
    limit=MeasuredLimit("max_arena_bytes", "num_pages", "pages of flash", ""), measure=count_pages,
)  # fmt: skip


def run(step: Step, params: Any, **more: Any) -> None:
    step.function(ins=step.ins_type(), outs=step.outs_type(), **step.arguments(params), **more)


@pytest.fixture(scope="module")
def workspace(tmp_path_factory: pytest.TempPathFactory) -> Any:
    """Run quantize, convert, evaluate and report on synthetic images with the three registered; nothing else changed."""
    folder = tmp_path_factory.mktemp("registered")
    with pytest.MonkeyPatch.context() as patch:
        precisions = litesmith.tflite.precisions.registry
        patch.setattr(precisions, "PRECISIONS", (FLOAT32, INT8, PLAIN8))
        patch.setattr(variants, "VARIANTS", (COPIED,))
        patch.setattr(litesmith.device.registry, "MEASUREMENTS", (PAGES,))
        patch.setattr("litesmith.report.drawing.drawn", lambda *_, **__: Markup("<svg></svg>"))
        in_small_workspace(folder, patch)
        content = read_yaml(catalog.PARAMS)
        names = [one.name for one in precisions.PRECISIONS]
        content["convert"] |= {
            "golden_tolerance": dict.fromkeys(names, 1.0), "min_agreement": dict.fromkeys(names, 0.0),
        }  # fmt: skip
        overlay = {
            "quantize": {"variants": ["copied"]},
            "convert": {"candidates": ["plain8"], "num_calibration": 60, "num_golden": 12},
            "evaluate": {
                "measure": ["pages"],
                "latency_warmup": 1,
                "latency_rounds": 2,
                "latency_runs": 3,
            },
        }
        params = parse_params(overlaid(content, overlay), PROJECT)
        require_registered(params)
        shutil.copytree(catalog.VALIDATION, catalog.TEST)
        shutil.copytree(catalog.VALIDATION, catalog.GATE)
        for path in (catalog.BASELINE_MODEL, catalog.TUNED_MODEL, catalog.PRUNED_MODEL):
            save_h5(build_network(SPEC, path.stem), path)
        write_inputs()
        run(quantize.quantize, params, work=folder / "work")
        run(convert.convert, params)
        run(evaluate.evaluate, params)
        run(report.report, params)
    return folder


@pytest.mark.slow
def test_the_variant_is_made_converted_and_told_of(workspace: Path) -> None:
    copied = read_json(workspace / catalog.results("quantize"))["variants"]["copied"]
    assert (copied["parent"], copied["passes"], copied["distinct_values"]) == (
        "tuned",
        3,
        {"stem_conv": 7},
    )
    files = read_json(workspace / catalog.results("convert"))["files"]
    assert [name for name in files if name.startswith("copied")] == ["copied-int8", "copied-plain8"]
    assert (
        "- copied: the winner, copied before 1 epoch.\n" in (workspace / catalog.MODEL_CARD).read_text()
    )
    assert '<td class="words">winner, copied</td>' in (workspace / catalog.REPORT).read_text()


@pytest.mark.slow
def test_the_precision_is_converted_checked_and_chosen(workspace: Path) -> None:
    results = read_json(workspace / catalog.results("convert"))
    assert list(results["final"]["candidates"]) == ["tuned-plain8", "pruned-plain8", "copied-plain8"]
    assert {one["precision"] for one in results["files"].values()} == {"float32", "int8", "plain8"}
    for model in ("tuned", "pruned", "copied"):
        int8, plain8 = (
            hashlib.sha256((workspace / catalog.LITE / f"{model}-{name}.tflite").read_bytes()).digest()
            for name in ("int8", "plain8")
        )
        assert int8 == plain8
    final = results["final"]["name"]
    assert final.endswith("-plain8")
    page = (workspace / catalog.REPORT).read_text()
    assert f"{final} is final: " in page
    assert "No loss for int8 and plain8: its probabilities come in steps" in page


@pytest.mark.slow
def test_the_measurement_is_taken_shown_and_judged(workspace: Path) -> None:
    measured = read_json(workspace / catalog.results("evaluate"))["device"]["pages"]
    assert len(measured["files"]) == 6
    assert all(file["values"]["num_pages"] in (1, 2, 3) for file in measured["files"].values())
    page = (workspace / catalog.REPORT).read_text()
    assert "Pages of flash" in page
    assert '<th scope="col" class="number">Pages filled</th>' in page
    assert "as Page counter 2." in page
    final = read_json(workspace / catalog.results("convert"))["final"]["name"]
    pages = measured["files"][final]["values"]["num_pages"]
    cards = re.findall(
        r'<li><p class="state">(.*?)</p>\s*<strong>pages of flash</strong>\s*<p>(.*?),', page
    )
    assert cards == [("kept", f"{pages} of 65\u202f536")]


@pytest.mark.parametrize(
    ("module", "steps"),
    [
        ("litesmith/tflite/precisions/float16.py", (convert.convert, evaluate.evaluate)),
        ("litesmith/tflite/precisions/int4.py", (convert.convert, evaluate.evaluate)),
        (
            "litesmith/compression/variants/clustered.py",
            (quantize.quantize, convert.convert, evaluate.evaluate),
        ),
        (
            "litesmith/compression/variants/qat.py",
            (quantize.quantize, convert.convert, evaluate.evaluate),
        ),
        ("litesmith/device/npu.py", (evaluate.evaluate,)),
        ("litesmith/device/mcu.py", (evaluate.evaluate,)),
    ],
)
def test_an_edit_of_a_registered_module_makes_its_stages_stale(
    module: str, steps: tuple[Step, ...]
) -> None:
    for step in steps:
        assert Path(module) in sources(step.module, PROJECT)


def test_every_module_of_a_registry_is_in_it() -> None:
    precisions = {one.name for one in litesmith.tflite.precisions.registry.PRECISIONS}
    others = {"__init__", "registry", "precision"}
    assert precisions == _modules("litesmith/tflite/precisions") - others
    made = {one.make.__module__.rpartition(".")[2] for one in variants.VARIANTS}
    assert made == _modules("litesmith/compression/variants") - {"__init__", "registry", "variant"}


def _modules(folder: str) -> set[str]:
    return {path.stem for path in (PROJECT / folder).glob("*.py")}
