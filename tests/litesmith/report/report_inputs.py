"""Inputs of a report as a full run records them, made by hand and small."""

import dataclasses
import json
import pickle
from collections.abc import Callable, Mapping
from functools import cache, wraps
from typing import Any, TypeVar
from unittest.mock import patch

import numpy as np
from markupsafe import Markup
from pydantic import BaseModel

from litesmith.analysis.answers import calibrations, flip_counts, rejections
from litesmith.analysis.balance import balance, balance_of_confusion, over_majority
from litesmith.analysis.intervals import CONFIDENCE, class_estimates, wilson
from litesmith.analysis.paired import paired
from litesmith.analysis.pareto import Priced, standard_error, standings
from litesmith.data.thumbnails import png_base64
from litesmith.judging.decide import decide
from litesmith.params.sections.dataset import Description
from litesmith.params.sections.report import ReportParams
from litesmith.records.baseline import BaselineResult
from litesmith.records.convert import ConvertResult
from litesmith.records.device import LatencyResult
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.final.network import Network
from litesmith.records.final.tradeoff import Tradeoff, TradeoffFile
from litesmith.records.form import DataForm
from litesmith.records.prepare import PrepareResult
from litesmith.records.provenance import Provenance
from litesmith.records.prune import PruneResult
from litesmith.records.quantize import QuantizeResult
from litesmith.records.record import Record
from litesmith.records.service.changed import ChangedImages
from litesmith.records.service.judge import Decision
from litesmith.records.summary import Results, Summary
from litesmith.records.sweep import SweepResult, SweepTiming
from litesmith.records.teach import TeachResult
from litesmith.records.validate import ValidateResult
from litesmith.report.inputs import BASELINE, Predictions, ReportInputs
from litesmith.report.page import make_report
from tests.litesmith.judging.cases import NAMES, subject, thresholds

Thing = TypeVar("Thing")
Kind = TypeVar("Kind", bound=Record)

CLASS_NAMES = [
    "T-shirt/top",
    "Trouser",
    "Pullover",
    "Dress",
    "Coat",
    "Sandal",
    "Shirt",
    "Sneaker",
    "Bag",
    "Ankle boot",
]
FINAL = "tuned-int8"
DATASET = "Fashion-MNIST"

_FILES = {
    "baseline-float32": (0.9126, 903_420, 835_104, 0.21),
    "tuned-float32": (0.9371, 336_212, 309_551, 0.148),
    "tuned-float16": (0.9371, 172_884, 155_020, 0.15),
    "tuned-dynamic": (0.9369, 100_336, 82_740, 0.139),
    "tuned-int8": (0.9364, 96_248, 80_116, 0.083),
    "pruned-float32": (0.9355, 336_212, 188_932, 0.147),
    "pruned-float16": (0.9354, 172_884, 102_441, 0.149),
    "pruned-dynamic": (0.9352, 100_336, 57_208, 0.138),
    "pruned-int8": (0.9349, 96_248, 52_774, 0.083),
    "qat-int8": (0.9366, 96_304, 80_007, 0.083),
}
_STEPS = (
    "fetch",
    "validate",
    "prepare",
    "baseline",
    "teach",
    "sweep",
    "prune",
    "quantize",
    "convert",
    "evaluate",
    "judge",
)
_KERAS = {
    "baseline-keras": (0.9126, 2_727_128, 2_512_345),
    "tuned-keras": (0.9372, 369_840, 330_112),
    "pruned-keras": (0.9356, 369_840, 201_544),
    "qat-keras": (0.9367, 388_012, 340_400),
}


def render(inputs: ReportInputs) -> str:
    """Return the page of a report."""
    return make_report(inputs).page


@cache
def report_summary() -> Summary:
    """Return the summary of a report, for which no figure is drawn."""
    with patch("litesmith.report.drawing.drawn", lambda *_, **__: Markup("<svg></svg>")):
        return make_report(report_inputs()).summary


def _made_once(make: Callable[..., Thing]) -> Callable[..., Thing]:
    """Let a function make a thing once for the same arguments and return a copy of it each time."""
    pickled: dict[str, bytes] = {}

    @wraps(make)
    def copied(**arguments: Any) -> Thing:
        key = repr(sorted(arguments.items()))
        if key not in pickled:
            pickled[key] = pickle.dumps(make(**arguments))
        return pickle.loads(pickled[key])

    return copied


def decided(gained: int = 150, lost: int = 60, first: bool = False, **changes: Any) -> Decision:
    """Return the decision on the final file, which gains and loses so many of the gate images."""
    judged = subject(gained, lost, first, **changes)
    candidate = judged.candidate.model_copy(update={"name": FINAL})
    return decide(dataclasses.replace(judged, candidate=candidate), thresholds())


@_made_once  # the intervals in it take a fifth of a second
def report_inputs(
    *, class_names: list[str] = CLASS_NAMES, num_images: int = 1000, synthetic: bool = False
) -> ReportInputs:
    """Return complete inputs of a report; a test changes what it is about."""
    labels = np.arange(num_images, dtype=np.uint8) % len(class_names)
    predicted = {
        name: _predicted(labels, values[0], len(class_names))
        for name, values in {**_KERAS, **_FILES}.items()
    }
    confidence = {name: np.linspace(0.35, 1, num_images, dtype=np.float32) for name in predicted}
    wrong = np.flatnonzero(predicted[FINAL] != labels)[-30:]
    images = np.random.default_rng(7).integers(0, 256, (len(wrong), 28, 28, 1)).astype(np.uint8)
    predictions = Predictions(labels, predicted, confidence, wrong, images)
    return ReportInputs(
        dataset=Description(
            name=DATASET, license="MIT", source="https://github.com/zalandoresearch/fashion-mnist"
        ),
        form=DataForm(
            class_names=tuple(class_names),
            height=28,
            width=28,
            channels=1,
            fit="pad",
            ground="dark",
            mirror_safe=True,
        ),
        results=_results(class_names, predictions, synthetic),
        histories={
            "baseline": _history(10, 0.905),
            "tuned": _history(24, 0.935),
            "pruned": _history(8, 0.934, 0.92),
        },
        predictions=predictions,
        network=parsed(Network, _shipped()),
        tradeoff=_tradeoff(),
        changed=parsed(ChangedImages, _changed()),
        decision=decided(class_names=tuple(class_names[: len(NAMES)]), synthetic=synthetic),
        baseline_summary='Model: "baseline"\n conv (Conv2D)  (None, 28, 28, 32)  320\nTotal params: 225,034',
        provenance={step: parsed(Provenance, _provenance(step)) for step in _STEPS},
        sha256={
            f"reports/results/{step}.json": "0123456789abcdef" * 4
            for step in ("validate", "sweep", "evaluate")
        },
        reference=None,
        released="fashion-mnist-wearable-0001",
        version_before=None,
        reference_files=("releases/in-service.json", "reports/reference.json"),
        final_file="models/final.tflite",
        folder="",
        params=ReportParams(
            max_thumbnails=24,
            max_pairs=5,
            pair_pictures=4,
            max_classes=24,
            max_changed=12,
            data=None,
            profile=None,
        ),
        relevant_loss=0.01,
    )


def parsed(kind: type[Kind], content: Any) -> Kind:
    """Return a record as it is read from a file."""
    return kind.model_validate_json(json.dumps(content))


def with_value(thing: Thing, *path: Any, value: Any) -> Thing:
    """Return a copy of nested records, dataclasses, mappings and tuples with another value at ``path``.

    A record is checked again, so that no test has what no step can write.
    """
    if not path:
        return value
    key, *rest = path
    inner = thing[key] if isinstance(thing, Mapping | list | tuple) else getattr(thing, key)
    new = with_value(inner, *rest, value=value)
    if isinstance(thing, BaseModel):
        return type(thing).model_validate({**dict(thing), key: new})
    if isinstance(thing, Mapping):
        return {**thing, key: new}
    if isinstance(thing, list | tuple):
        return type(thing)(new if n == key else item for n, item in enumerate(thing))
    return dataclasses.replace(thing, **{key: new})


def without(thing: Thing, *path: Any) -> Thing:
    """Return a copy of nested records, dataclasses, mappings and tuples without a key of a mapping or tuple."""
    *above, last = path
    inner = thing
    for key in above:
        inner = inner[key] if isinstance(inner, Mapping | list | tuple) else getattr(inner, key)
    if isinstance(inner, Mapping):
        return with_value(thing, *above, value={key: item for key, item in inner.items() if key != last})
    return with_value(thing, *above, value=type(inner)(i for n, i in enumerate(inner) if n != last))


def _predicted(labels: np.ndarray, accuracy: float, num_classes: int) -> np.ndarray:
    """Take every so many images for the class that follows, most often of the first and the seventh class."""
    wrong = np.random.default_rng(1).random(len(labels)) > accuracy
    return np.where(wrong, (labels * 6 + 6) % num_classes, labels).astype(np.uint8)


def _history(num_epochs: int, reached: float, start: float = 0.7) -> dict[str, tuple[float, ...]]:
    epochs = np.arange(1, num_epochs + 1)
    rise = 1 - np.exp(-epochs / (num_epochs / 4))
    train = start + (reached + 0.02 - start) * rise
    validation = start + 0.05 * (reached - start) + 0.95 * (reached - start) * rise
    return {
        "epoch": tuple(float(epoch) for epoch in epochs),
        "loss": tuple(2.6 * (1 - train)),
        "accuracy": tuple(train),
        "val_loss": tuple(2.7 * (1 - validation)),
        "val_accuracy": tuple(validation),
        "learning_rate": tuple(0.001 * np.cos(epochs / num_epochs)),
    }


_LIMITS: dict[str, Any] = {
    "max_tflite_bytes": 100_000,
    "max_macs": 12_000_000,
    "max_activation_bytes": 64_000,
    "max_arena_bytes": 65_536,
    "max_latency_ms": 1.0,
}


def _results(class_names: list[str], predictions: Predictions, synthetic: bool) -> Results:
    num_classes = len(class_names)
    trials = [_trial(number) for number in range(24)]
    return Results(
        validate=parsed(ValidateResult, _validate(num_classes, synthetic)),
        prepare=parsed(
            PrepareResult,
            {"splits": {name: _split(size, num_classes) for name, size in _SPLITS.items()}},
        ),
        baseline=parsed(BaselineResult, _baseline()),
        teach=parsed(
            TeachResult,
            {
                "num_teachers": 0,
                "num_views": 0,
                "validation": {},
                "num_parameters": [],
                "recipe": _recipe(label_smoothing=0.0),
            },
        ),
        sweep=parsed(SweepResult, _sweep(trials)),
        sweep_timing=parsed(SweepTiming, _sweep_timing(trials)),
        prune=parsed(PruneResult, _prune()),
        quantize=parsed(QuantizeResult, _quantize()),
        convert=parsed(ConvertResult, _convert()),
        evaluate=_evaluate(class_names, predictions),
        latency=parsed(LatencyResult, _latency()),
    )


def _recipe(**values: Any) -> dict[str, Any]:
    return {
        "warmup_share": 0.25, "momentum": 0.9, "label_smoothing": 0.0, "skip_share": 0.0, "skip_until": 0.0,
        "averaging_share": 0.0, "refresh_rows": 0, "epochs": 1, "batch_size": 128, "learning_rate": 0.01,
        "weight_decay": 0.003,
        "augmentation": {"max_shift_px": 1, "flip": True, "erase_share": 0.0, "erase_px": [2, 2]}, **values
    }  # fmt: skip


def _baseline() -> dict[str, Any]:
    return {
        "validation": _score(0.913, 0.2511),
        "train": _score(0.957, 0.121),
        "num_parameters": 225_034,
        "keras_bytes": 2_727_128,
        "macs": 2_817_472,
        "epochs": 10,
        "recipe": {"optimizer": "adam", "learning_rate": 0.001, "batch_size": 128},
    }


def _evaluate(class_names: list[str], predictions: Predictions) -> EvaluateResult:
    labels, predicted = predictions.labels, predictions.predicted
    files = {name: name.split("-")[0] for name in _FILES}
    model = f"{files[FINAL]}-keras"
    shown = {
        "num_images": len(labels),
        "final": FINAL,
        "variants": {
            name: _variant(name, class_names, labels, answers) for name, answers in predicted.items()
        },
        "gain": dataclasses.asdict(paired(predicted[FINAL] == labels, predicted[BASELINE] == labels)),
        "majority": dataclasses.asdict(
            over_majority(_confusion(labels, predicted[FINAL], len(class_names)))
        ),
        "calibration": {
            name: dataclasses.asdict(calibration)
            for name, calibration in calibrations(
                labels, predicted, predictions.confidence, (BASELINE, model, FINAL), 15
            ).items()
        },
        "rejection": {
            name: dataclasses.asdict(curve)
            for name, curve in rejections(
                labels, predicted, predictions.confidence, (BASELINE, FINAL), (0.01, 0.05, 0.1, 0.2, 0.5)
            ).items()
        },
        "flips": {
            name: dataclasses.asdict(counts)
            for name, counts in flip_counts(labels, predicted, files).items()
        },
        "device": _device(),
        "not_measured": [],
        "limits": [
            _limit("max_tflite_bytes", _FILES[FINAL][1]),
            _limit("max_macs", 9_812_000),
            _limit("max_activation_bytes", 50_176),
            _limit("max_arena_bytes", 60_000),
        ],
    }
    return parsed(EvaluateResult, shown)


def _limit(name: str, measured: float) -> dict[str, Any]:
    limit, (label, unit) = _LIMITS[name], _LABELS[name]
    return {"name": name, "label": label, "unit": unit, "limit": limit, "measured": measured,
            "met": measured <= limit, "reason": None}  # fmt: skip


_LABELS = {
    "max_tflite_bytes": ("int8 file", "bytes"),
    "max_macs": ("multiply-accumulates of one prediction", ""),
    "max_activation_bytes": ("peak of live activations", "bytes"),
    "max_arena_bytes": ("arena under TensorFlow Lite Micro", "bytes"),
    "max_latency_ms": ("median latency of one image on this host", "ms"),
}


def _device() -> dict[str, Any]:
    """Return what the files ask of devices; one of them the microcontroller's runtime refused."""
    arena = {"arena_bytes": 60_000, "persistent_bytes": 5_000, "nonpersistent_bytes": 55_000}
    cost = {
        "sram_bytes": 21_360,
        "flash_bytes": 70_352,
        "cycles": 118_050,
        "ms": 0.2361,
        "cpu_operators": 0,
    }
    refused = (
        "tuned-int4.tflite does not run under TensorFlow Lite Micro 0: no kernel\nFailed to prepare"
    )
    measured = {"values": arena, "refused": None}
    return {
        "mcu": {
            "title": "Memory under TensorFlow Lite Micro",
            "tool": "TensorFlow Lite Micro 0",
            "caption": "What the integer files ask of a microcontroller besides their own bytes, run under "
            "TensorFlow Lite Micro 0 on this host; a 32-bit device keeps smaller records.",
            "columns": [
                {"name": "arena_bytes", "label": "Arena, bytes", "unit": "bytes"},
                {"name": "persistent_bytes", "label": "Records that stay, bytes", "unit": "bytes"},
                {
                    "name": "nonpersistent_bytes",
                    "label": "Activations and scratch, bytes",
                    "unit": "bytes",
                },
            ],
            "files": {
                FINAL: measured,
                "pruned-int8": measured,
                "tuned-int4": {"values": {}, "refused": refused},
            },
        },
        "npu": {
            "title": "Cost on a neural processor",
            "tool": "Vela 5",
            "caption": "What Vela 5 expects of the int8 files on ethos-u55-128 (a system, Shared_Sram): a model of the "
            "hardware, not the hardware.",
            "columns": [
                {"name": "sram_bytes", "label": "SRAM, bytes", "unit": "bytes"},
                {"name": "flash_bytes", "label": "Flash, bytes", "unit": "bytes"},
                {"name": "cycles", "label": "Cycles", "unit": ""},
                {"name": "ms", "label": "One image, ms", "unit": "ms"},
                {"name": "cpu_operators", "label": "Operators left to the CPU", "unit": ""},
            ],
            "files": {FINAL: {"values": cost, "refused": None}},
        },
    }


_SPLITS = {"train": 50_000, "validation": 5_000, "gate": 5_000, "test": 10_000}


def _split(size: int, num_classes: int) -> dict[str, Any]:
    return {"num_images": size, "per_class": [size // num_classes] * num_classes, "sha256": "ab54" * 16}


def _validate(num_classes: int, synthetic: bool) -> dict[str, Any]:
    rules = [
        ("foreign_labels", "critical", "base", "min 0, max 0", "0 to 0"),
        ("label_range", "quarantine", "images", "min 0, max 9", "0 to 9"),
        ("label_noise", "warning", "base", "at most 0.15 do not fit", "0 to 0.07"),
    ]
    files = {"train": 60_000, "test": 10_000}
    return {
        "passed": True,
        "dataset": {"name": DATASET, "synthetic": synthetic},
        "rules": [
            {"name": name, "severity": severity, "table": table, "success": True, "expected": expected,
             "observed": observed, "num_unexpected": 0, "offenders": []}
            for name, severity, table, expected, observed in rules
        ],
        "files": {
            name: {"num_images": size, "mean": 0.286, "std": 0.353, "per_class": [size // num_classes] * num_classes,
                   "near_empty": 1, "duplicates": 0}
            for name, size in files.items()
        },
        "batches": [{"name": "base", "kind": "idx", "state": "accepted", "num_images": 70_000, "num_unreadable": 0,
                     "num_left_out": 0, "reasons": []}],
        "left_out": [],
        "label_noise": 0.07,
        "num_mislabelled": 4_321,
        "min_ink_share": 0.0148,
        "thumbnails": _pictured(num_classes),
        "overlap": 0,
        "expectation_library": "great-expectations 1.24.1"
    }  # fmt: skip


def _pictured(num_classes: int) -> dict[str, Any]:
    image = png_base64(np.arange(784, dtype=np.uint16).reshape(28, 28).astype(np.uint8))
    return {
        "classes": [{"label": n, "name": f"class {n}", "row": 10 * n, "image": image} for n in range(num_classes)],
        "suspicious": [{"file": "base/train[77]", "row": 77, "name": "class 1", "reason": "darkest: mean pixel 0.010",
                        "image": image}],
        "mislabelled": [{"file": "base/train[5]", "row": 5, "name": "class 1", "reason": "the judge says class 2, "
                         "98 points ahead", "image": image}],
        "left_out": []
    }  # fmt: skip


def _sweep(trials: list[dict[str, Any]]) -> dict[str, Any]:
    return {
        "winner": {
            "number": 14, "choices": trials[14]["choices"], "network": _network(),
            "validation_accuracy": 0.9312,
            "tflite_bytes": 96_248, "macs": 9_812_000, "activation_bytes": 50_176
        },
        "refused": {"proposals": 5, "tflite_bytes": 3, "macs": 4, "activation_bytes": 0}, "max_work": 3e12,
        "full_training": {"epochs": 24, "work": 1.2e13, "validation": _score(0.9378, 0.1893),
                          "recipe": _recipe(epochs=24, label_smoothing=0.05)},
        "trials": trials,
        "limits": {"max_tflite_bytes": 100_000, "max_macs": 12_000_000, "max_activation_bytes": 64_000},
        "tie_standard_errors": 1.0, "importance_shuffles": 2,
        "importances": [
            {"name": name, "share": share, "by_chance": by_chance} for name, share, by_chance in _IMPORTANCES
        ],
        "frontiers": _frontiers(trials, lambda trial, _: trial["tflite_bytes"])
    }  # fmt: skip


_IMPORTANCES = (
    ("width", 0.639, 0.404),
    ("dropout_rate", 0.189, 0.315),
    ("learning_rate", 0.141, 0.371),
    ("depth", 0.031, 0.302),
    ("augmentation", 0.0, 0.0),
    ("batch_size", 0.0, 0.0),
    ("kernel_size", 0.0, 0.0),
)


def _network() -> dict[str, Any]:
    return {
        "stem_width": 14, "stage_widths": [28, 36], "stage_blocks": [0, 1], "stem_kernel_size": 3, "stem_stride": 1,
        "residual": True, "separable": False, "repeats": 1, "dropout_rate": 0.1, "height": 28, "width": 28, "channels": 1,
        "num_classes": 10
    }  # fmt: skip


def _sweep_timing(trials: list[dict[str, Any]]) -> dict[str, Any]:
    times = [
        {"number": trial["number"], "rung": rung["rung"], "cpu_s": 10.5 + rung["rung"]}
        for trial in trials
        for rung in trial["rungs"]
    ]
    seconds = {(time["number"], time["rung"]): time["cpu_s"] for time in times}
    return {
        "trials": times,
        "frontiers": _frontiers(trials, lambda trial, rung: seconds[trial["number"], rung]),
    }


def _frontiers(
    trials: list[dict[str, Any]],
    cost_of: Callable[[dict[str, Any], int], float],
    num_images: int = 5_000,
) -> list[dict[str, Any]]:
    """Return where each trial stands among those of its rung."""
    frontiers = []
    for number in range(3):
        reached = [(trial, trial["rungs"][number]) for trial in trials if len(trial["rungs"]) > number]
        priced = [Priced(cost_of(trial, number), rung["accuracy"]) for trial, rung in reached]
        points = [
            {"number": trial["number"], "cost": price.cost, "accuracy": price.accuracy, "standing": standing,
             "won": trial["number"] == 14}
            for (trial, _), price, standing in zip(reached, priced, standings(priced, num_images), strict=True)
        ]  # fmt: skip
        best = max(price.accuracy for price in priced)
        rung = {key: reached[0][1][key] for key in ("rung", "epochs", "num_rows")}
        margin = standard_error(best, num_images)
        frontiers.append({**rung, "points": points, "margin": margin, "num_images": num_images})
    return frontiers


def _trial(number: int) -> dict[str, Any]:
    size = 40_000 + 4_018 * (number * 7 % 24)
    state = "complete" if number in (2, 5, 14) else "pruned"
    num_rungs = 3 if state == "complete" else 1 + number % 2
    rungs = [
        {
            "rung": rung,
            "epochs": 4,
            "num_rows": 5_000 * 2**rung,
            "accuracy": 0.84 + 0.03 * rung + size / 4e6,
            "loss": 0.3,
        }
        for rung in range(num_rungs)
    ]
    return {
        "number": number, "batch": number // 4, "state": state,
        "choices": {"width": 16 + number, "depth": 3 + number % 3, "kernel_size": 3, "dropout_rate": 0.1 + number / 100,
                    "batch_size": 128, "learning_rate": 0.001 * (number + 1), "augmentation": "mild"},
        "tflite_bytes": size, "macs": size * 100, "activation_bytes": 50_176, "rungs": rungs
    }  # fmt: skip


def _score(accuracy: float, loss: float) -> dict[str, Any]:
    return {"accuracy": accuracy, "loss": loss, "balance": _balance(accuracy)}


def _balance(accuracy: float) -> dict[str, Any]:
    """Return the balance of 5,000 validation images, of which class 6 is harder than the others."""
    right = np.full(10, 500 * accuracy + 20)
    right[6] -= 200
    return dataclasses.asdict(balance(right, np.full(10, 500)))


def _prune() -> dict[str, Any]:
    def line(label: str, rate: float, pruned: bool, accuracy: float) -> dict[str, Any]:
        validation = _score(accuracy, 3 * (1 - accuracy))
        return {"label": label, "dropout_rate": rate, "pruned": pruned, "validation": validation,
                "sparsity": 0.6 if pruned else 0.0}  # fmt: skip

    return {
        "ablation": {
            "winner": line("winner as is", 0.2, False, 0.9378),
            "dropout_only": line("with dropout only", 0.2, False, 0.938),
            "pruned_only": line("pruned only", 0.0, True, 0.9352),
            "pruned_with_dropout": line("pruned with dropout", 0.2, True, 0.9366)
        },
        "recipe": _recipe(epochs=3, label_smoothing=0.03),
        "sparsity_requested": 0.6,
        "sparsity_reached": 0.5998,
        "layers": [
            {"name": f"stage{n}_conv", "shape": [3, 3, 16 * n, 32 * n], "num_weights": 4608 * n * n, "requested": 0.6,
             "reached": 0.5998}
            for n in (1, 2, 3)
        ]
    }  # fmt: skip


def _quantize() -> dict[str, Any]:
    qat = {
        "label": "winner, quantization-aware training",
        "description": "the winner, fine-tuned for 1 more epoch while it computes with values rounded to eight bits "
        "as the file does",
        "parent": "tuned",
        "passes": 1,
        "validation": _score(0.9375, 0.1902),
        "parent_validation": _score(0.9378, 0.19),
        "distinct_values": {},
        "history": [
            {
                "epoch": 1,
                "loss": 0.3,
                "accuracy": 0.95,
                "val_loss": 0.19,
                "val_accuracy": 0.9375,
                "learning_rate": 1e-6,
            }
        ],
    }
    clustering = {"num_clusters": 32, "min_weights": 1000}
    return {
        "left_out": {},
        "variants": {"qat": qat},
        "clustering": clustering,
        "recipe": _recipe(label_smoothing=0.02),
    }


def _convert() -> dict[str, Any]:
    return {
        "files": {name: _file(name, *values) for name, values in _FILES.items()},
        "refused": {},
        "runtime": "ai-edge-litert 2.3.0",
        "final": {
            "name": FINAL,
            "bytes": _FILES[FINAL][1],
            "gzip_bytes": _FILES[FINAL][2],
            "moved_px": 0,
            "reason": "the smallest int8 file whose validation accuracy is within noise of the best.",
            "candidates": {
                name: {
                    "accuracy": accuracy,
                    "balance": _balance(accuracy),
                    "bytes": size,
                    "gzip_bytes": gzip_bytes,
                    "behind_best": 0.9364 - accuracy,
                    "standard_error": 0.0016,
                    "smallest_visible": 0.0031,
                    "near_best": True,
                    "within_limits": True,
                }
                for name, (accuracy, size, gzip_bytes, _) in _FILES.items()
                if name.endswith("int8")
            },
        },
        "calibration": {"num_images": 500, "per_class": [50] * 10, "ids_sha256": "c0ffee00" * 8},
    }


def operator(
    kind: str, position: int, shapes: tuple[list[int], list[int]], **values: Any
) -> dict[str, Any]:
    """Return an operator that reads what the one before left."""
    plain = {
        "kind": kind, "name": None, "sources": [position - 1], "input_shape": shapes[0], "output_shape": shapes[1],
        "window": None, "stride": None, "activation": None, "dtype": None, "num_weights": 0, "num_zeros": 0, "macs": 0,
        "bytes": 0, "shares_with": None
    }  # fmt: skip
    return {**plain, **values}


def _shipped() -> dict[str, Any]:
    """Return the network of the final file: a convolution, a residual unit, a mean, a dense layer."""
    wide, small = [1, 28, 28, 16], [1, 14, 14, 16]
    conv = {"window": [3, 3], "stride": [1, 1], "activation": "RELU", "dtype": "int8"}
    operators = [
        operator("CONV_2D", 0, ([1, 28, 28, 1], wide), **conv, name="stem_conv", num_weights=144, num_zeros=2,
                 macs=112_896, bytes=208),
        operator("MAX_POOL_2D", 1, (wide, small), window=[2, 2], stride=[2, 2]),
        operator("CONV_2D", 2, (small, small), **conv, name="unit1_conv", num_weights=92_304, num_zeros=900,
                 macs=9_698_464, bytes=92_368),
        operator("ADD", 3, (small, small), sources=[1, 2]),
        operator("MEAN", 4, (small, [1, 16]), bytes=8),
        operator("FULLY_CONNECTED", 5, ([1, 16], [1, 10]), name="probabilities", dtype="int8", num_weights=160,
                 macs=640, bytes=200),
        operator("SOFTMAX", 6, ([1, 10], [1, 10]))
    ]  # fmt: skip
    rest = _FILES[FINAL][1] - sum(each["bytes"] for each in operators)
    other = [
        {"name": "scales and zero points", "bytes": 464},
        {"name": "description of operators and tensors, padding", "bytes": rest - 464},
    ]
    return {"file": FINAL, "bytes": _FILES[FINAL][1], "operators": operators, "other": other}


def _tradeoff() -> Tradeoff:
    names = sorted(_FILES, key=lambda name: _FILES[name][1:3])
    right = {name: round(5000 * (_FILES[name][0] + 0.001)) for name in names}
    stood = standings([Priced(_FILES[name][1], right[name] / 5000) for name in names], 5000)
    files = {}
    for name, standing in zip(names, stood, strict=True):
        accuracy = wilson(right[name], 5000, CONFIDENCE)
        assert accuracy is not None
        files[name] = TradeoffFile(
            bytes=_FILES[name][1], gzip_bytes=_FILES[name][2], accuracy=accuracy, standing=standing
        )
    return Tradeoff(num_images=5000, files=files)


def _changed() -> dict[str, Any]:
    """Return two images of what the final file loses and one of what it gains."""

    def image(row: int, label: int, released: int, candidate: int, moved: float) -> dict[str, Any]:
        drawn = np.random.default_rng(row).integers(0, 256, (28, 28), dtype=np.uint8)
        return {
            "row": row, "label": label, "released": released, "candidate": candidate, "released_confidence": 0.9,
            "candidate_confidence": 0.75, "moved": moved, "image": png_base64(drawn)
        }  # fmt: skip

    return {
        "regressed": [image(70, 3, 3, 1, -0.8), image(71, 0, 0, 2, -0.5)],
        "repaired": [image(72, 2, 0, 2, 0.6)],
    }


def _file(name: str, accuracy: float, size: int, gzip_bytes: int, _: float) -> dict[str, Any]:
    model, precision = name.split("-")
    dtype = "int8" if precision == "int8" else "float32"
    ends = {
        "dtype": dtype,
        "scale": 0.0039 if dtype == "int8" else None,
        "zero_point": -128 if dtype == "int8" else None,
    }
    return {
        "model": model, "precision": precision, "bytes": size, "gzip_bytes": gzip_bytes,
        "input": {**ends, "shape": [1, 28, 28, 1]}, "output": {**ends, "shape": [1, 10]},
        "golden_max_error": 0.0117 if dtype == "int8" else 1.2e-06, "agreement_with_keras": 0.9962,
        "validation_accuracy": accuracy + 0.001, "balance": _balance(accuracy + 0.001),
        "sparsity": {
            "overall": 0.6 if model == "pruned" else 0.001,
            "layers": [
                {"name": f"stage{n}_conv", "shape": [3, 3, 16 * n, 32 * n], "dtype": dtype,
                 "num_weights": 4608 * n * n, "sparsity": 0.62 if model == "pruned" else 0.01}
                for n in (1, 2, 3)
            ]
        },
        "checks": [{"name": check, "passed": True, "detail": "as promised"} for check in ("input", "output", "golden")]
    }  # fmt: skip


def _confusion(labels: np.ndarray, said: np.ndarray, num: int) -> np.ndarray:
    return np.bincount(labels.astype(int) * num + said, minlength=num**2).reshape(num, num)


def _variant(name: str, class_names: list[str], labels: np.ndarray, said: np.ndarray) -> dict[str, Any]:
    accuracy = float((labels == said).mean())
    confusion = _confusion(labels, said, len(class_names))
    interval = wilson(int((labels == said).sum()), len(labels), CONFIDENCE)
    size, gzip_bytes = (_KERAS[name] if name in _KERAS else _FILES[name])[1:3]
    return {
        "label": name.replace("-", " "), "model": name.split("-")[0], "precision": name.split("-")[1],
        "format": "keras" if name in _KERAS else "tflite", "accuracy": accuracy,
        "balance": dataclasses.asdict(balance_of_confusion(confusion)),
        "accuracy_interval": [interval.low, interval.high], "loss": None if "int8" in name else 0.19,
        "loss_reason": "most of its probabilities are 0" if "int8" in name else None,
        "bytes": size, "gzip_bytes": gzip_bytes,
        "per_class": [
            dataclasses.asdict(estimates) for estimates in class_estimates(confusion, class_names, CONFIDENCE)
        ],
        "confusion": confusion.tolist()
    }  # fmt: skip


_HOST = {"system": "Linux-6.1", "cpu": "Some Processor 3.0 GHz", "cores": 2, "python": "3.11.7"}


def _latency() -> dict[str, Any]:
    timed = {
        name: {"median_ms": ms, "p90_ms": ms * 1.1, "p99_ms": ms * 1.6}
        for name, (*_, ms) in _FILES.items()
    }
    return {
        "host": _HOST, "num_threads": 1,
        "runtime": "ai-edge-litert 2.3.0", "num_warmup": 50, "num_rounds": 50, "runs_per_round": 20,
        "variants": timed, "limits": [_limit("max_latency_ms", timed[FINAL]["median_ms"])]
    }  # fmt: skip


def _provenance(step: str) -> dict[str, Any]:
    return {
        "step": step, "wall_s": 12.3, "cpu_s": 20.41, "peak_memory_mb": 812.2, "host": _HOST,
        "versions": {"numpy": "2.4.6", "pandas": "3.1.1"},
        "parameters": {"params": {"number": 1, "share": 0.5}, "seed": 20170828},
        "made": {
            "ended": "2026-12-01T00:35:37+01:00", "run": "20261130T231500Z-lyrebird", "code": "c0de" * 16,
            "revision": "0e6b52601234567890abcdef", "dirty": False,
        },
    }  # fmt: skip
