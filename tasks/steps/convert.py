"""The step that makes ``.tflite`` files and chooses the one for the device."""

import logging
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.errors import ConversionError
from litesmith.files import replacing, write_bytes, write_json
from litesmith.params.sections.convert import ConvertParams
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.device import HardLimits
from tasks import catalog
from tasks.dag.step import Metric, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from litesmith.tflite.conversion import Bar, Converted, LiteFile, Material
    from litesmith.tflite.precisions.precision import Precision
    from litesmith.tflite.selection import Choice
    from litesmith.training.types import KerasModel

_LOG = logging.getLogger(__name__)

# Every precision is made of tuned and pruned, so that they can be compared; a file of these three must
# not fail.
_REQUIRED = ("baseline", "tuned", "pruned")


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
    """The files, the one chosen, and what they were made and compared with."""

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
    """Convert the models, test every file, and choose the device's.

    A file of a variant that fails its checks is refused, and the choice is among the others.

    Raises:
        ConversionError: A file of baseline, winner or pruned model cannot be made, or does not do what
            its Keras model does: which and why, for all.
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
    files = {name: file for model in converted.values() for name, file in model.files.items()}
    chosen = selection.choose(
        conversion.candidates(
            {name: file for name, file in files.items() if file.precision.name in params.candidates},
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
    calibration = conversion.count_calibration(material.calibration, dataset.num_classes)
    results = {
        "files": {name: _file(file, material.validation.labels) for name, file in files.items()},
        "refused": {name: why for model in converted.values() for name, why in model.refused.items()},
        "final": {**_choice(chosen, files), "moved_px": params.choice_shift_px},
        "calibration": asdict(calibration),
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
    from litesmith.tflite.conversion import convert_model

    converted = {}
    for name, model in _models(ins):
        bars = [_bar(precision, params) for precision in _precisions(name)]
        converted[name] = convert_model(name, model, bars, material, outs.lite)
    failures = [why for name in _REQUIRED for why in converted[name].refused.values()]
    if failures:
        raise ConversionError("\n".join(["some files do not do what their Keras models do:", *failures]))
    return converted


def _precisions(model: str) -> "tuple[Precision, ...]":
    """Return the precisions that a model is converted to."""
    from litesmith.compression.variants.registry import variant
    from litesmith.tflite.precisions import registry

    if model == "baseline":  # stays as everybody has it
        return (registry.precision("float32"),)
    if model in _REQUIRED:
        return registry.PRECISIONS
    return tuple(registry.precision(name) for name in variant(model).precisions)


def _bar(precision: "Precision", params: ConvertParams) -> "Bar":
    from litesmith.tflite.conversion import Bar

    name = precision.name
    shift_px = params.choice_shift_px if name in params.candidates else 0
    return Bar(precision, params.golden_tolerance[name], params.min_agreement[name], shift_px)


def _models(ins: Ins) -> "Iterator[tuple[str, KerasModel]]":
    """Yield every model by name, opened when its turn comes."""
    from litesmith.compression.variants.registry import variant
    from litesmith.training.backend import load_h5

    for name in _REQUIRED:
        yield name, load_h5(getattr(ins, name))
    for path in sorted(ins.quantized.iterdir()):
        yield path.stem, variant(path.stem).load(path)


def _write_metadata(outs: Outs, dataset: DatasetParams, train_images: "NDArray[np.uint8]") -> None:
    """Write beside each file what whoever shows it a picture must know."""
    from litesmith.tflite.metadata import describe, write_metadata

    metadata = describe(dataset.name, dataset.class_names, train_images)
    for path in (*sorted(outs.lite.glob("*.tflite")), outs.final):
        write_metadata(path, metadata)


def _write_material(outs: Outs, material: "Material", converted: "dict[str, Converted]") -> None:
    """Write the images that the files were calibrated and compared with."""
    import numpy as np

    write_json(outs.calibration_ids, {"ids": material.calibration.ids.tolist()})
    golden = material.golden
    with replacing(outs.golden) as path:
        answers: dict[str, Any] = {name: model.golden for name, model in converted.items()}
        np.savez(path, images=golden.images, labels=golden.labels, ids=golden.ids, **answers)


def _file(file: "LiteFile", labels: "NDArray[np.uint8]") -> dict[str, Any]:
    """Return everything known of a file as plain data.

    Args:
        file: The file.
        labels: Of the validation images.
    """
    from litesmith.analysis.scores import accuracy

    seen = file.judgement.seen
    return {
        "model": file.model,
        "precision": file.precision.name,
        "bytes": file.size.raw_bytes,
        "gzip_bytes": file.size.gzip_bytes,
        "input": asdict(seen.input),
        "output": asdict(seen.output),
        "golden_max_error": file.judgement.golden_error,
        "agreement_with_keras": file.judgement.agreement,
        "validation_accuracy": accuracy(labels, seen.in_place),
        "sparsity": {
            "overall": seen.sparsity,
            "layers": [
                {
                    "name": weights.name,
                    "shape": list(weights.shape),
                    "dtype": weights.dtype,
                    "num_weights": weights.num_weights,
                    "sparsity": weights.sparsity,
                }
                for weights in seen.weights
            ],
        },
        "checks": [asdict(check) for check in file.judgement.checks],
    }


def _choice(choice: "Choice", files: "dict[str, LiteFile]") -> dict[str, Any]:
    """Return the chosen file, the reason, and how every candidate stood, as plain data."""
    size = files[choice.name].size
    return {
        "name": choice.name,
        "bytes": size.raw_bytes,
        "gzip_bytes": size.gzip_bytes,
        "reason": choice.reason,
        "candidates": {
            name: {
                "accuracy": standing.accuracy,
                "bytes": files[name].size.raw_bytes,
                "gzip_bytes": files[name].size.gzip_bytes,
                "behind_best": standing.behind.difference,
                "standard_error": standing.behind.standard_error,
                "within_noise": standing.within_noise,
                "within_limits": standing.within_limits,
            }
            for name, standing in choice.standings.items()
        },
    }


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
        "files": {name: {key: file[key] for key in shown} for name, file in results["files"].items()},
    }
