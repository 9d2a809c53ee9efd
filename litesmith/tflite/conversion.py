"""Conversion of Keras models to files that are checked."""

import hashlib
import logging
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.balance import balance_of
from litesmith.analysis.scores import accuracy, agreement
from litesmith.compression.loading import is_quantization_aware
from litesmith.compression.variants.registry import passes
from litesmith.data.splits import Split, sample_rows
from litesmith.device.limits import Cost, broken_limits
from litesmith.errors import ConversionError
from litesmith.files import write_bytes
from litesmith.params.sections.device import HardLimits
from litesmith.records.convert import Calibration, ConvertedFile, Sparsity
from litesmith.tflite import converter
from litesmith.tflite.parity import Reference, Requirements, check_file, golden_error
from litesmith.tflite.selection import CandidateFile
from litesmith.tflite.sizes import Size, measure_size
from litesmith.training.cost import count_macs, peak_activation_bytes
from litesmith.training.types import KerasModel

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class ConversionImages:
    """The images that every model is converted and compared with.

    Attributes:
        calibration: From train; integer precisions learn the ranges of activations from them.
        validation: All of it; its classes are compared.
        golden_rows: Of ``validation``; the probabilities of these images are compared one by one, int64
            (n,).
        fill: Grey level of what a move of an image brings in, 0 to 255.
    """

    calibration: Split
    validation: Split
    golden_rows: NDArray[np.int64]
    fill: int

    @property
    def golden(self) -> Split:
        """The images whose probabilities are compared."""
        return _rows(self.validation, self.golden_rows)

    def count_calibration(self, num_classes: int) -> Calibration:
        """Count the calibration images of each class, and hash their ids as little-endian int64."""
        ids = np.ascontiguousarray(self.calibration.ids, "<i8")
        return Calibration(
            num_images=len(ids),
            per_class=tuple(np.bincount(self.calibration.labels, minlength=num_classes).tolist()),
            ids_sha256=hashlib.sha256(ids.tobytes()).hexdigest(),
        )


@dataclass(frozen=True)
class CheckedFile:
    """A checked file, with its classes of validation images (places, n)."""

    record: ConvertedFile
    predicted: NDArray[np.integer]


@dataclass(frozen=True)
class Converted:
    """The files of one model.

    Attributes:
        golden: The Keras model's probabilities of the golden images, float32 (n, classes).
        files: By name, such as ``tuned-int8``.
        refused: Why files are missing from ``files``, by name.
    """

    golden: NDArray[np.float32]
    files: dict[str, CheckedFile]
    refused: dict[str, str]


def sample_images(
    train: Split, validation: Split, *, num_calibration: int, num_golden: int, fill: int, seed: int
) -> ConversionImages:
    """Sample calibration and golden images, every class with its share.

    Args:
        train: Has the calibration images.
        validation: Has the golden images.
        num_calibration: All are taken if there are fewer.
        num_golden: The same.
        fill: Grey level of what a move of an image brings in, 0 to 255.
        seed: Decides which.
    """
    num_calibration = min(num_calibration, len(train.labels))
    num_golden = min(num_golden, len(validation.labels))
    calibration = _rows(train, sample_rows(train.labels, num_calibration, seed))
    golden_rows = sample_rows(validation.labels, num_golden, seed)
    return ConversionImages(calibration, validation, golden_rows, fill)


def convert_model(
    name: str, model: KerasModel, requirements: Iterable[Requirements], images: ConversionImages,
    folder: Path,
) -> Converted:  # fmt: skip
    """Write a file for each precision; remove those that fail checks.

    Args:
        name: Of the model; the files are ``<name>-<precision>.tflite``.
        model: The Keras model.
        requirements: Of each precision.
        images: To convert and compare with.
        folder: Where the files go.
    """
    calibration = images.calibration.images
    reference = Reference(
        images=images.validation.images,
        fill=images.fill,
        golden_rows=images.golden_rows,
        golden=converter.probabilities(model, images.golden.images),
        predicted=converter.probabilities(model, images.validation.images).argmax(axis=1),
        pixel_range=(float(calibration.min()) / 255, float(calibration.max()) / 255),
        dense_per_channel=not is_quantization_aware(model),
    )
    converted = Converted(reference.golden, {}, {})
    for required in requirements:
        path = folder / f"{name}-{required.precision.name}.tflite"
        try:
            write_bytes(path, required.precision.convert(model, calibration))
            file = _checked(path, name, required, reference, images.validation.labels)
        except ConversionError as error:
            path.unlink(missing_ok=True)
            converted.refused[path.stem] = str(error)
            _LOG.error("%s: %s", path.stem, error)
        else:
            converted.files[path.stem] = file
            _LOG.info(
                "%s agrees with Keras on %.4f of validation", path.stem, file.record.agreement_with_keras
            )
    return converted


def candidates(
    files: Mapping[str, CheckedFile], network: KerasModel, limits: HardLimits
) -> list[CandidateFile]:
    """Return files as candidates for the device.

    Args:
        files: By name, those that may go there, all observed at the same places.
        network: The winner, whose shape the networks of all candidates have.
        limits: Of the device.
    """
    macs, activation_bytes = count_macs(network), peak_activation_bytes(network)

    def broken(record: ConvertedFile) -> str:
        runs = passes(record.model)
        return broken_limits(Cost(record.bytes, macs * runs, activation_bytes * runs), limits)

    return [
        CandidateFile(
            name, Size(file.record.bytes, file.record.gzip_bytes), file.predicted, broken(file.record)
        )
        for name, file in files.items()
    ]


def _checked(
    path: Path, model: str, requirements: Requirements, reference: Reference, labels: NDArray[np.uint8]
) -> CheckedFile:
    observation, checks = check_file(path, requirements, reference)
    size = measure_size(path)
    record = ConvertedFile(
        model=model,
        precision=requirements.precision.name,
        bytes=size.raw_bytes,
        gzip_bytes=size.gzip_bytes,
        input=observation.input,
        output=observation.output,
        golden_max_error=golden_error(observation, reference),
        agreement_with_keras=agreement(observation.in_place, reference.predicted),
        validation_accuracy=accuracy(labels, observation.in_place),
        balance=balance_of(labels, np.asarray(observation.in_place)),
        sparsity=Sparsity(overall=observation.sparsity, layers=tuple(observation.weights)),
        checks=checks,
    )
    return CheckedFile(record, np.array(observation.predicted))


def _rows(split: Split, rows: NDArray[np.int64]) -> Split:
    return Split(split.images[rows], split.labels[rows], split.ids[rows])
