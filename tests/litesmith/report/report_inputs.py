"""Inputs of a report as a full run records them, made by hand and small."""

import copy
import functools
from dataclasses import asdict
from typing import Any

import numpy as np

from litesmith.data.thumbnails import png_base64
from litesmith.device.mcu import MCU
from litesmith.device.npu import NPU
from litesmith.report.inputs import Predictions, ReportInputs
from litesmith.report.page import make_report

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
ARENA_LIMIT = asdict(MCU.limit) if MCU.limit else {}

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


def report_inputs(
    *, class_names: list[str] = CLASS_NAMES, num_images: int = 1000, drawn: bool = False
) -> ReportInputs:
    """Return complete inputs of a report; a test changes what it is about."""
    labels = np.arange(num_images, dtype=np.uint8) % len(class_names)
    predicted = {
        name: _predicted(labels, values[0], len(class_names))
        for name, values in {**_KERAS, **_FILES}.items()
    }
    confidence = {name: np.linspace(0.35, 1, num_images, dtype=np.float32) for name in predicted}
    wrong = np.flatnonzero(predicted[FINAL] != labels)[-30:]
    images = np.random.default_rng(7).integers(0, 256, (len(wrong), 28, 28)).astype(np.uint8)
    return ReportInputs(
        class_names=class_names,
        results=_results(class_names, labels, predicted, drawn),
        latency=_latency(),
        histories={
            "baseline": _history(10, 0.905),
            "teacher": _history(0, 0.95),
            "tuned": _history(24, 0.935),
            "pruned": _history(8, 0.934, 0.92),
        },
        predictions=Predictions(labels, predicted, confidence, wrong, images),
        summary='Model: "baseline"\n conv (Conv2D)  (None, 28, 28, 32)  320\nTotal params: 225,034',
        made={step: _made(step) for step in _STEPS},
        limits={"max_tflite_bytes": 100_000, "max_macs": 12_000_000, "max_activation_bytes": 64_000},
        sha256={
            f"reports/results/{step}.json": "0123456789abcdef" * 4
            for step in ("validate", "sweep", "evaluate")
        },
        reference=None,
        reference_file="reports/reference.json",
        max_thumbnails=24,
        max_pairs=5,
        pair_pictures=4,
        calibration_bins=15,
        importance_shuffles=2,
        profile=None,
    )


def without(content: Any, *path: Any) -> Any:
    """Return a deep copy of ``content`` in which what lies at ``path`` is missing."""
    changed, inner = _opened(content, path)
    del inner[path[-1]]
    return changed


def with_value(content: Any, *path: Any, value: Any) -> Any:
    """Return a deep copy of ``content`` in which ``value`` lies at ``path``."""
    changed, inner = _opened(content, path)
    inner[path[-1]] = value
    return changed


def value_at(content: Any, *path: Any) -> Any:
    """Return what lies at ``path``."""
    return functools.reduce(lambda inner, key: inner[key], path, content)


def _opened(content: Any, path: tuple[Any, ...]) -> tuple[Any, Any]:
    """Return a deep copy of ``content`` and the part of it that holds the last key of ``path``."""
    changed = inner = copy.deepcopy(content)
    for key in path[:-1]:
        inner = inner[key]
    return changed, inner


def _predicted(labels: np.ndarray, accuracy: float, num_classes: int) -> np.ndarray:
    """Take every so many images for the class that follows, most often of the first and the seventh class."""
    wrong = np.random.default_rng(1).random(len(labels)) > accuracy
    return np.where(wrong, (labels * 6 + 6) % num_classes, labels).astype(np.uint8)


def _history(num_epochs: int, reached: float, start: float = 0.7) -> dict[str, list[float]]:
    epochs = np.arange(1, num_epochs + 1)
    rise = 1 - np.exp(-epochs / (num_epochs / 4))
    train = start + (reached + 0.02 - start) * rise
    validation = start + 0.05 * (reached - start) + 0.95 * (reached - start) * rise
    return {
        "epoch": [float(epoch) for epoch in epochs],
        "loss": list(2.6 * (1 - train)),
        "accuracy": list(train),
        "val_loss": list(2.7 * (1 - validation)),
        "val_accuracy": list(validation),
        "learning_rate": list(0.001 * np.cos(epochs / num_epochs)),
    }


def _results(
    class_names: list[str], labels: np.ndarray, predicted: dict[str, np.ndarray], drawn: bool
) -> dict[str, Any]:
    return {
        "validate": _validate(len(class_names), drawn),
        "prepare": {"splits": {name: _split(size, len(class_names)) for name, size in _SPLITS.items()}},
        "baseline": {
            "validation": {"accuracy": 0.913, "loss": 0.2511},
            "train": {"accuracy": 0.957, "loss": 0.121},
            "num_parameters": 225_034,
            "keras_bytes": 2_727_128,
            "macs": 2_817_472,
            "epochs": 10,
            "recipe": {"optimizer": "adam"},
        },
        "teach": {"num_teachers": 0},
        "sweep": _sweep(),
        "sweep-timing": {
            "trials": [{"number": n // 3, "rung": n % 3, "cpu_s": 10.5 + n % 3} for n in range(72)]
        },
        "prune": _prune(),
        "quantize": _quantize(),
        "convert": _convert(),
        "evaluate": {
            "num_images": len(labels),
            "final": FINAL,
            "variants": {
                name: _variant(name, class_names, labels, said) for name, said in predicted.items()
            },
            "device": _device(),
        },
    }


def _device() -> dict[str, Any]:
    """Return what the files ask of devices; one of them the microcontroller's runtime refused."""
    arena = {"arena_bytes": 60_000, "persistent_bytes": 5_000, "nonpersistent_bytes": 55_000}
    refused = {
        "refused": "tuned-int4.tflite does not run under TensorFlow Lite Micro 0: no kernel\nFailed to prepare"
    }
    cost = {
        "sram_bytes": 21_360,
        "flash_bytes": 70_352,
        "cycles": 118_050,
        "ms": 0.2361,
        "cpu_operators": 0,
    }
    return {
        "mcu": {"title": MCU.title, "columns": [asdict(one) for one in MCU.columns], "limit": ARENA_LIMIT,
                "tool": "TensorFlow Lite Micro 0", "caption": "What integer files ask of TensorFlow Lite Micro 0.",
                "files": {FINAL: arena, "pruned-int8": arena, "tuned-int4": refused}},
        "npu": {"title": NPU.title, "columns": [asdict(one) for one in NPU.columns], "limit": None,
                "tool": "Vela 5", "caption": "What Vela 5 expects of int8 files.",
                "accelerator": "ethos-u55-128", "system": "a system", "memory": "Shared_Sram",
                "files": {FINAL: cost}},
    }  # fmt: skip


_SPLITS = {"train": 50_000, "validation": 5_000, "gate": 5_000, "test": 10_000}


def _split(size: int, num_classes: int) -> dict[str, Any]:
    return {"num_images": size, "per_class": [size // num_classes] * num_classes, "sha256": "ab54" * 16}


def _validate(num_classes: int, drawn: bool) -> dict[str, Any]:
    rules = [
        ("label_range", "critical", "train images", {"min": 0, "max": 9}, {"min": 0, "max": 9}),
        ("class_balance", "critical", "train set", {"share": [0.08, 0.12]}, 0.1),
        ("near_empty_images", "warning", "test images", {"max": 10}, 1),
    ]
    files = {"train": 60_000, "test": 10_000}
    return {
        "passed": True,
        "dataset": {"name": "Fashion-MNIST", "drawn": drawn},
        "rules": [
            {"name": name, "severity": severity, "table": table, "success": True, "expected": expected,
             "observed": observed, "num_unexpected": 0}
            for name, severity, table, expected, observed in rules
        ],
        "files": {
            name: {"num_images": size, "mean": 0.286, "std": 0.353, "per_class": [size // num_classes] * num_classes,
                   "near_empty": 1, "duplicates": 0}
            for name, size in files.items()
        },
        "thumbnails": _pictured(num_classes),
        "overlap": 0,
        "expectation_library": "great-expectations 1.24.1",
    }  # fmt: skip


def _pictured(num_classes: int) -> dict[str, Any]:
    image = png_base64(np.arange(784, dtype=np.uint16).reshape(28, 28).astype(np.uint8))
    return {
        "classes": [{"label": n, "name": f"class {n}", "row": 10 * n, "image": image} for n in range(num_classes)],
        "suspicious": [{"file": "train", "row": 77, "name": "class 1", "reason": "darkest: mean pixel 0.010",
                        "image": image}],
    }  # fmt: skip


def _sweep() -> dict[str, Any]:
    trials = [_trial(number) for number in range(24)]
    return {
        "winner": {
            "number": 14, "choices": trials[14]["choices"], "network": {"widths": [28, 36]},
            "validation_accuracy": 0.9312,
            "tflite_bytes": 96_248, "macs": 9_812_000, "activation_bytes": 50_176,
        },
        "full_training": {"epochs": 24, "validation": {"accuracy": 0.9378, "loss": 0.1893},
                          "recipe": {"label_smoothing": 0.05}},
        "trials": trials,
        "limits": {"max_tflite_bytes": 100_000, "max_macs": 12_000_000, "max_activation_bytes": 64_000},
    }  # fmt: skip


def _trial(number: int) -> dict[str, Any]:
    size = 40_000 + 4_018 * (number * 7 % 24)
    state = "infeasible" if size > 100_000 else "complete" if number in (2, 5, 14, 20) else "pruned"
    num_rungs = {"infeasible": 0, "pruned": 1 + number % 2, "complete": 3}[state]
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
        "reason": f"int8 file of {size} bytes, limit 100000" if state == "infeasible" else "",
        "choices": {"width": 16 + number, "depth": 3 + number % 3, "kernel_size": 3, "dropout_rate": 0.1 + number / 100,
                    "batch_size": 128, "learning_rate": 0.001 * (number + 1), "augmentation": "mild"},
        "tflite_bytes": size, "macs": size * 100, "activation_bytes": 50_176, "rungs": rungs,
    }  # fmt: skip


def _prune() -> dict[str, Any]:
    def line(label: str, rate: float, pruned: bool, accuracy: float) -> dict[str, Any]:
        validation = {"accuracy": accuracy, "loss": 3 * (1 - accuracy)}
        return {"label": label, "dropout_rate": rate, "pruned": pruned, "validation": validation,
                "sparsity": 0.6 if pruned else 0.0}  # fmt: skip

    return {
        "ablation": {
            "winner": line("winner as is", 0.2, False, 0.9378),
            "dropout_only": line("with dropout only", 0.2, False, 0.938),
            "pruned_only": line("pruned only", 0.0, True, 0.9352),
            "pruned_with_dropout": line("pruned with dropout", 0.2, True, 0.9366),
        },
        "recipe": {"epochs": 3, "label_smoothing": 0.03},
        "sparsity_asked": 0.6,
        "sparsity_reached": 0.5998,
        "layers": [
            {"name": f"stage{n}_conv", "shape": [3, 3, 16 * n, 32 * n], "num_weights": 4608 * n * n, "asked": 0.6,
             "reached": 0.5998}
            for n in (1, 2, 3)
        ],
    }  # fmt: skip


def _quantize() -> dict[str, Any]:
    qat = {
        "label": "winner, rounding learned",
        "parent": "tuned",
        "description": "the winner, fine-tuned for 1 more epoch",
        "validation": {"accuracy": 0.9375, "loss": 0.1902},
        "parent_validation": {"accuracy": 0.9378, "loss": 0.19},
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
        "variants": {"qat": qat},
        "clustering": clustering,
        "recipe": {"epochs": 1, "label_smoothing": 0.02},
    }


def _convert() -> dict[str, Any]:
    return {
        "files": {name: _file(name, *values) for name, values in _FILES.items()},
        "final": {
            "name": FINAL,
            "bytes": _FILES[FINAL][1],
            "reason": "the smallest int8 file whose validation accuracy is within noise of the best.",
            "candidates": {
                name: {
                    "accuracy": accuracy,
                    "bytes": size,
                    "gzip_bytes": gzip_bytes,
                    "behind_best": 0.9364 - accuracy,
                    "standard_error": 0.0016,
                    "within_noise": True,
                    "within_limits": True,
                }
                for name, (accuracy, size, gzip_bytes, _) in _FILES.items()
                if name.endswith("int8")
            },
        },
        "calibration": {"num_images": 500, "per_class": [50] * 10, "ids_sha256": "c0ffee00" * 8},
    }


def _file(name: str, accuracy: float, size: int, gzip_bytes: int, _: float) -> dict[str, Any]:
    model, precision = name.split("-")
    dtype = "int8" if precision == "int8" else "float32"
    ends = {
        "dtype": dtype,
        "scale": 0.0039 if dtype == "int8" else 0.0,
        "zero_point": -128 if dtype == "int8" else 0,
    }
    return {
        "model": model, "precision": precision, "bytes": size, "gzip_bytes": gzip_bytes,
        "input": {**ends, "shape": [1, 28, 28, 1]}, "output": {**ends, "shape": [1, 10]},
        "golden_max_error": 0.0117 if dtype == "int8" else 1.2e-06, "agreement_with_keras": 0.9962,
        "validation_accuracy": accuracy + 0.001,
        "sparsity": {
            "overall": 0.6 if model == "pruned" else 0.001,
            "layers": [
                {"name": f"stage{n}_conv", "sparsity": 0.62 if model == "pruned" else 0.01} for n in (1, 2, 3)
            ],
        },
        "checks": [{"name": check, "passed": True, "detail": "as promised"} for check in ("input", "output", "golden")],
    }  # fmt: skip


def _variant(name: str, class_names: list[str], labels: np.ndarray, said: np.ndarray) -> dict[str, Any]:
    accuracy = float((labels == said).mean())
    num_classes = len(class_names)
    confusion = np.bincount(labels.astype(int) * num_classes + said, minlength=num_classes**2)
    size, gzip_bytes = (_KERAS[name] if name in _KERAS else _FILES[name])[1:3]
    return {
        "label": name.replace("-", " "), "model": name.split("-")[0], "precision": name.split("-")[1],
        "format": "keras" if name in _KERAS else "tflite", "accuracy": accuracy,
        "accuracy_interval": [accuracy - 0.0049, accuracy + 0.0047], "loss": None if "int8" in name else 0.19,
        "loss_reason": "most of its probabilities are 0" if "int8" in name else None,
        "bytes": size, "gzip_bytes": gzip_bytes,
        "per_class": [{"name": n, "precision": 0.93, "recall": 0.94, "f1": 0.93, "support": 100} for n in class_names],
        "confusion": confusion.reshape(num_classes, num_classes).tolist(),
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
        "variants": timed,
    }  # fmt: skip


def _made(step: str) -> dict[str, Any]:
    return {
        "step": step, "wall_s": 12.3, "cpu_s": 20.41, "peak_memory_mb": 812.2, "host": _HOST,
        "versions": {"numpy": "2.4.6", "pandas": "3.1.1"},
        "parameters": {"params": {"number": 1, "share": 0.5}, "seed": 20170828},
    }  # fmt: skip
