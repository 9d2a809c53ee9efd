"""The step that writes ``.tflite`` files and chooses the one for the device."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.errors import ConversionError
from litesmith.files import replacing, write_bytes, write_json
from litesmith.params.sections.convert import ConvertParams
from litesmith.params.sections.dataset import Named
from litesmith.params.sections.device import HardLimits
from litesmith.records.convert import ConvertResult
from litesmith.records.form import DataForm
from litesmith.records.record import balance_figures, read_record, write_record
from tasks import catalog
from tasks.dag.step import Metric, step

if TYPE_CHECKING:
    from collections.abc import Iterator

    import numpy as np
    from numpy.typing import NDArray

    from litesmith.tflite.conversion import ConversionImages, Converted
    from litesmith.tflite.parity import Requirements
    from litesmith.tflite.precisions.precision import Precision
    from litesmith.training.types import KerasModel

_LOG = logging.getLogger(__name__)

# tuned and pruned are converted to every precision, so that they can be compared; no file of these
# three may fail.
_REQUIRED = ("baseline", "tuned", "pruned")


@dataclass(frozen=True)
class Ins:
    """The models, and the images that calibrate and compare.

    Nothing is chosen on the gate images.
    """

    baseline: Path = catalog.BASELINE_MODEL
    tuned: Path = catalog.TUNED_MODEL
    pruned: Path = catalog.PRUNED_MODEL
    quantized: Path = catalog.QUANTIZED
    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    gate: Path = catalog.GATE
    form: Path = catalog.FORM


@dataclass(frozen=True)
class Outs:
    """The files, the one chosen, its network, and the images they were compared with."""

    lite: Path = catalog.LITE
    final: Path = catalog.FINAL_LITE
    metadata: Path = catalog.FINAL_METADATA
    golden: Path = catalog.GOLDEN
    gate_answers: Path = catalog.GATE_ANSWERS
    calibration_ids: Path = catalog.CALIBRATION_IDS
    metrics: Annotated[Path, Metric()] = catalog.metrics("convert")
    results: Path = catalog.results("convert")
    network: Path = catalog.results("network")
    tradeoff: Path = catalog.results("tradeoff")


@step
def convert(
    params: ConvertParams, ins: Ins, outs: Outs, *, dataset: Named, device: HardLimits, seed: int
) -> None:
    """Convert the models, test every file, and choose the device's.

    A file of a variant that fails its checks is refused, and the choice is among the others.

    Raises:
        ConversionError: A file of baseline, winner or pruned model cannot be written, or does not do
            what its Keras model does: which and why, for all.
    """
    from litesmith.data.splits import read_split
    from litesmith.tflite import conversion, selection
    from litesmith.tflite.network import read_network
    from litesmith.tflite.runtime import RUNTIME
    from litesmith.tflite.tradeoff import weigh_files
    from litesmith.training.backend import load_h5, set_threads

    set_threads(params.num_threads)
    form = read_record(ins.form, DataForm)
    images = conversion.sample_images(
        read_split(ins.train),
        read_split(ins.validation),
        num_calibration=params.num_calibration,
        num_golden=params.num_golden,
        fill=form.fill,
        seed=seed,
    )
    converted = _converted(params, ins, outs, images)
    files = {name: file for model in converted.values() for name, file in model.files.items()}
    may_be_final = {
        name: file for name, file in files.items() if file.record.precision in params.candidates
    }
    final = selection.choose(
        conversion.candidates(may_be_final, load_h5(ins.tuned), device),
        images.validation.labels,
        noise_standard_errors=params.noise_standard_errors,
        relevant_loss=params.relevant_loss,
        equal_size_share=params.equal_size_share,
        moved_px=params.choice_shift_px,
    )
    _LOG.info("final.tflite: %s", final.reason)
    write_bytes(outs.final, (outs.lite / f"{final.name}.tflite").read_bytes())
    _write_metadata(outs, dataset, form, read_split(ins.train).images)
    _write_images(outs, images, converted)
    _write_gate_answers(ins, outs, files[final.name].record.model)
    result = ConvertResult(
        files={name: file.record for name, file in files.items()},
        refused={name: why for model in converted.values() for name, why in model.refused.items()},
        final=final,
        calibration=images.count_calibration(form.num_classes),
        runtime=RUNTIME,
    )
    write_record(outs.results, result)
    write_record(outs.network, read_network(outs.lite / f"{final.name}.tflite"))
    write_record(outs.tradeoff, weigh_files(result.files, len(images.validation.labels)))
    write_json(outs.metrics, _metrics(result))


def _converted(
    params: ConvertParams, ins: Ins, outs: Outs, images: "ConversionImages"
) -> "dict[str, Converted]":
    """Convert every model to its precisions.

    Raises:
        ConversionError: A file of baseline, winner or pruned model failed. All are tried before.
    """
    from litesmith.tflite.conversion import convert_model

    converted = {}
    for name, model in _models(ins):
        requirements = [_requirements(precision, params) for precision in _precisions(name)]
        converted[name] = convert_model(name, model, requirements, images, outs.lite)
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


def _requirements(precision: "Precision", params: ConvertParams) -> "Requirements":
    from litesmith.tflite.parity import Requirements

    name = precision.name
    shift_px = params.choice_shift_px if name in params.candidates else 0
    return Requirements(
        precision,
        golden_tolerance=params.golden_tolerance[name],
        min_agreement=params.min_agreement[name],
        agreement_level=params.agreement_level,
        max_shift_px=shift_px,
    )


def _models(ins: Ins) -> "Iterator[tuple[str, KerasModel]]":
    """Yield every model by name, opened when its turn comes."""
    from litesmith.compression.variants.registry import variant
    from litesmith.training.backend import load_h5

    for name in _REQUIRED:
        yield name, load_h5(getattr(ins, name))
    for path in sorted(ins.quantized.iterdir()):
        yield path.stem, variant(path.stem).load(path)


def _write_metadata(
    outs: Outs, dataset: Named, form: DataForm, train_images: "NDArray[np.uint8]"
) -> None:
    """Write the metadata beside each file."""
    from litesmith.tflite.metadata import describe, write_metadata

    metadata = describe(dataset.name, form, train_images)
    for path in (*sorted(outs.lite.glob("*.tflite")), outs.final):
        write_metadata(path, metadata)


def _write_images(outs: Outs, images: "ConversionImages", converted: "dict[str, Converted]") -> None:
    """Write the images that the files were calibrated and compared with."""
    import numpy as np

    write_json(outs.calibration_ids, {"ids": images.calibration.ids.tolist()})
    golden = images.golden
    with replacing(outs.golden) as path:
        answers: dict[str, Any] = {name: model.golden for name, model in converted.items()}
        np.savez(path, images=golden.images, labels=golden.labels, ids=golden.ids, **answers)


def _write_gate_answers(ins: Ins, outs: Outs, name: str) -> None:
    """Write the chosen model's answers to the gate images."""
    import numpy as np

    from litesmith.data.splits import read_split
    from litesmith.tflite import converter

    model = next(model for other, model in _models(ins) if other == name)
    gate = read_split(ins.gate)
    with replacing(outs.gate_answers) as path:
        np.savez(
            path, model=name, ids=gate.ids, probabilities=converter.probabilities(model, gate.images)
        )


def _metrics(result: ConvertResult) -> dict[str, object]:
    """Return the numbers that tell one run from another."""
    final = result.files[result.final.name]
    shown = {"bytes", "gzip_bytes", "validation_accuracy", "agreement_with_keras"}
    return {
        "final": {
            **final.model_dump(include={"bytes", "gzip_bytes", "validation_accuracy"}),
            **balance_figures(final.balance),
            "sparsity": final.sparsity.overall,
        },
        "files": {name: file.model_dump(include=shown) for name, file in result.files.items()},
    }
