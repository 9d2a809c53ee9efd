"""The room that makes ``.tflite`` files of the models and chooses the one that goes to the device."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.errors import ConversionError
from litesmith.files import replacing, write_bytes, write_json
from litesmith.params.sections.convert import ConvertParams, Precision
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.device import HardLimits
from tasks import catalog
from tasks.dag.step import Metric, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from litesmith.tflite.conversion import Converted, Material

_LOG = logging.getLogger(__name__)

# The baseline stays as everybody has it; of tuned and pruned every precision is made, so that they can be compared; the
# others were made for int8.
_PRECISIONS: dict[str, tuple[Precision, ...]] = {
    "baseline": ("float32",),
    "tuned": ("float32", "float16", "dynamic", "int8", "int4"),
    "pruned": ("float32", "float16", "dynamic", "int8", "int4"),
}
_PRECISIONS_OF_OTHERS: tuple[Precision, ...] = ("int8",)


@dataclass(frozen=True)
class Ins:
    """The models, and the images that calibrate and compare."""

    baseline: Path = catalog.BASELINE_MODEL
    tuned: Path = catalog.TUNED_MODEL
    pruned: Path = catalog.PRUNED_MODEL
    quantized: Path = catalog.QUANTIZED
    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION


@dataclass(frozen=True)
class Outs:
    """One file for each model and precision, the one chosen, and what they were made and compared with."""

    lite: Path = catalog.LITE
    final: Path = catalog.FINAL_LITE
    metadata: Path = catalog.FINAL_METADATA
    golden: Path = catalog.GOLDEN
    calibration_ids: Path = catalog.CALIBRATION_IDS
    metrics: Annotated[Path, Metric()] = catalog.metrics("convert")
    results: Path = catalog.results("convert")


@step
def convert(
    params: ConvertParams, ins: Ins, outs: Outs, *, dataset: DatasetParams, device: HardLimits, seed: int
) -> None:
    """Convert the models, test every file as a device would run it, and choose the one that goes there.

    A file of a model that was fine-tuned for conversion is a candidate more: one that fails is refused, and the others
    stand for the choice.

    Raises:
        ConversionError: A file of baseline, winner or pruned model cannot be made, or does not do what its Keras model
            does: which and why, for all.
        ParamsError: There are fewer images than are asked for.
    """
    from litesmith.data.splits import read_split
    from litesmith.tflite import conversion, selection
    from litesmith.tflite.runtime import RUNTIME
    from litesmith.training.backend import load_h5, set_threads

    set_threads(params.num_threads)
    material = conversion.choose_material(
        read_split(ins.train),
        read_split(ins.validation),
        num_calibration=params.num_calibration,
        num_golden=params.num_golden,
        seed=seed,
    )
    converted = _converted(params, ins, outs, material)
    files = {name: file for one in converted.values() for name, file in one.files.items()}
    chosen = selection.choose(
        conversion.candidates(
            {name: one for name, one in files.items() if one.precision in params.candidates},
            outs.lite,
            conversion.moved(material.validation.images, params.choice_shift_px),
            conversion.limits_broken_by(load_h5(ins.tuned), device),
        ),
        material.validation.labels,
        noise_standard_errors=params.noise_standard_errors,
        equal_size_share=params.equal_size_share,
    )
    _LOG.info("final.tflite: %s", chosen.reason)
    write_bytes(outs.final, (outs.lite / f"{chosen.name}.tflite").read_bytes())
    _write_metadata(outs, dataset, read_split(ins.train).images)
    _write_material(outs, material, converted)
    labels = material.validation.labels
    results = {
        "files": {name: conversion.describe_file(one, labels) for name, one in files.items()},
        "refused": {name: why for one in converted.values() for name, why in one.refused.items()},
        "final": {**conversion.describe_choice(chosen, files), "moved_px": params.choice_shift_px},
        "calibration": conversion.describe_calibration(material.calibration, dataset.num_classes),
        "runtime": RUNTIME,
    }
    write_json(outs.results, results)
    write_json(outs.metrics, _metrics(results))


def _converted(
    params: ConvertParams, ins: Ins, outs: Outs, material: "Material"
) -> "dict[str, Converted]":
    """Convert every model to its precisions.

    Raises:
        ConversionError: Some file that must not fail did. All are tried before.
    """
    from litesmith.tflite.conversion import Bar, convert_model

    converted = {}
    for name, model in _models(ins):
        bars = {
            precision: Bar(
                getattr(params.golden_tolerance, precision), getattr(params.min_agreement, precision)
            )
            for precision in _PRECISIONS.get(name, _PRECISIONS_OF_OTHERS)
        }
        converted[name] = convert_model(name, model, bars, material, outs.lite)
    failures = [
        why for name, one in converted.items() if name in _PRECISIONS for why in one.refused.values()
    ]
    if failures:
        raise ConversionError("\n".join(["some files do not do what their Keras models do:", *failures]))
    return converted


def _models(ins: Ins) -> "Iterator[tuple[str, Any]]":
    """Yield every model by name, opened when its turn comes."""
    from litesmith.compression.loading import load_aware
    from litesmith.training.backend import load_h5

    for name in _PRECISIONS:
        yield name, load_h5(getattr(ins, name))
    for path in sorted(ins.quantized.iterdir()):
        yield path.stem, load_aware(path)


def _write_metadata(outs: Outs, dataset: DatasetParams, train_images: "NDArray[np.uint8]") -> None:
    """Write beside each file what whoever shows it a picture must know."""
    from litesmith.tflite.metadata import describe, write_metadata

    metadata = describe(dataset.name, dataset.class_names, train_images)
    for path in (*sorted(outs.lite.glob("*.tflite")), outs.final):
        write_metadata(path, metadata)


def _write_material(outs: Outs, material: "Material", converted: "dict[str, Converted]") -> None:
    """Keep what the files were calibrated and compared with, for whoever wants to do so again."""
    import numpy as np

    write_json(outs.calibration_ids, {"ids": material.calibration.ids.tolist()})
    golden = material.golden
    with replacing(outs.golden) as path:
        answers: dict[str, Any] = {name: one.golden for name, one in converted.items()}
        np.savez(path, images=golden.images, labels=golden.labels, ids=golden.ids, **answers)


def _metrics(results: dict[str, Any]) -> dict[str, Any]:
    """Pick the numbers that tell one run from another."""
    final = results["final"]
    shown = ("bytes", "gzip_bytes", "validation_accuracy", "agreement_with_keras")
    return {
        "final": {
            "bytes": final["bytes"],
            "gzip_bytes": final["gzip_bytes"],
            "validation_accuracy": results["files"][final["name"]]["validation_accuracy"],
            "sparsity": results["files"][final["name"]]["sparsity"]["overall"],
        },
        "files": {name: {key: one[key] for key in shown} for name, one in results["files"].items()},
    }
