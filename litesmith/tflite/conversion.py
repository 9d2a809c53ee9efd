"""Conversion of Keras models to files that are held to promises."""

import hashlib
import logging
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.compression.loading import is_quantization_aware
from litesmith.compression.variants.registry import passes
from litesmith.data.splits import Split, sample_rows
from litesmith.device.limits import Cost, broken_limits
from litesmith.errors import ConversionError
from litesmith.files import write_bytes
from litesmith.params.sections.device import HardLimits
from litesmith.tflite import converter
from litesmith.tflite.parity import Judgement, Promise, judge
from litesmith.tflite.precisions.precision import Precision
from litesmith.tflite.selection import Candidate
from litesmith.tflite.sizes import Size, measure_size
from litesmith.training.cost import count_macs, peak_activation_bytes
from litesmith.training.types import KerasModel

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bar:
    """What a file of one precision must reach.

    Attributes:
        precision: Of the file.
        golden_tolerance: Largest difference of any golden probability from the Keras model's.
        min_agreement: Smallest share of validation images on which file and Keras model name the same
            class.
        max_shift_px: How far validation images are moved for the choice of the final file; 0 for no
            candidate.
    """

    precision: Precision
    golden_tolerance: float
    min_agreement: float
    max_shift_px: int = 0


@dataclass(frozen=True)
class Material:
    """The images that every model is converted and compared with.

    Attributes:
        calibration: From train; integer precisions learn the ranges of activations from them.
        validation: All of it; its classes are compared.
        golden_rows: Of ``validation``; the probabilities of these images are compared one by one, int64
            (n,).
    """

    calibration: Split
    validation: Split
    golden_rows: NDArray[np.int64]

    @property
    def golden(self) -> Split:
        """The images whose probabilities are compared."""
        return _rows(self.validation, self.golden_rows)


@dataclass(frozen=True)
class LiteFile:
    """A file that kept its promise."""

    model: str
    precision: Precision
    size: Size
    judgement: Judgement


@dataclass(frozen=True)
class Converted:
    """What became of one model.

    Attributes:
        golden: The Keras model's probabilities of the golden images, float32 (n, classes).
        files: By name, such as ``tuned-int8``.
        refused: Why files are missing from ``files``, by name.
    """

    golden: NDArray[np.float32]
    files: dict[str, LiteFile]
    refused: dict[str, str]


@dataclass(frozen=True)
class Calibration:
    """The calibration images in numbers.

    Attributes:
        num_images: All of them.
        per_class: Of each class.
        ids_sha256: Of their ids as little-endian int64.
    """

    num_images: int
    per_class: list[int]
    ids_sha256: str


def choose_material(
    train: Split, validation: Split, *, num_calibration: int, num_golden: int, seed: int
) -> Material:
    """Draw calibration and golden images, every class with its share.

    Raises:
        ParamsError: There are fewer images than asked for, or too few of a class.
    """
    calibration = _rows(train, sample_rows(train.labels, num_calibration, seed))
    return Material(calibration, validation, sample_rows(validation.labels, num_golden, seed))


def convert_model(
    name: str, model: KerasModel, bars: Iterable[Bar], material: Material, folder: Path
) -> Converted:
    """Write a file for each precision; remove those that break promises.

    Args:
        name: Of the model; the files are ``<name>-<precision>.tflite``.
        model: The Keras model.
        bars: What the file of each wanted precision must reach.
        material: Images.
        folder: Where the files go.
    """
    golden = converter.probabilities(model, material.golden.images)
    predicted = converter.probabilities(model, material.validation.images).argmax(axis=1)
    converted = Converted(golden, {}, {})
    for bar in bars:
        path = folder / f"{name}-{bar.precision.name}.tflite"
        promise = _promise(
            bar, golden, predicted, material, dense_per_channel=not is_quantization_aware(model)
        )
        try:
            write_bytes(path, bar.precision.convert(model, material.calibration.images))
            images, rows = material.validation.images, material.golden_rows
            judgement = judge(path, promise, images, rows, bar.max_shift_px)
        except ConversionError as error:
            path.unlink(missing_ok=True)
            converted.refused[path.stem] = str(error)
            _LOG.error("%s: %s", path.stem, error)
        else:
            converted.files[path.stem] = LiteFile(name, bar.precision, measure_size(path), judgement)
            _LOG.info("%s agrees with Keras on %.4f of validation", path.stem, judgement.agreement)
    return converted


def candidates(files: Mapping[str, LiteFile], broken: Callable[[LiteFile], str]) -> list[Candidate]:
    """Return files as candidates for the device, with what they answered.

    Args:
        files: By name, those that may go there, all observed at the same places.
        broken: Tells which limits of the device a file breaks.
    """
    return [
        Candidate(name, file.size, np.array(file.judgement.seen.predicted), broken(file))
        for name, file in files.items()
    ]


def limits_broken_by(network: KerasModel, limits: HardLimits) -> Callable[[LiteFile], str]:
    """Return a function that tells which limits of the device a file breaks.

    Args:
        network: The winner, whose shape the networks of all candidates have.
        limits: Of the device.
    """
    macs, activation_bytes = count_macs(network), peak_activation_bytes(network)

    def broken(file: LiteFile) -> str:
        runs = passes(file.model)
        return broken_limits(Cost(file.size.raw_bytes, macs * runs, activation_bytes * runs), limits)

    return broken


def count_calibration(calibration: Split, num_classes: int) -> Calibration:
    """Count the calibration images of each class, and hash their ids."""
    ids = np.ascontiguousarray(calibration.ids, "<i8")
    return Calibration(
        num_images=len(ids),
        per_class=np.bincount(calibration.labels, minlength=num_classes).tolist(),
        ids_sha256=hashlib.sha256(ids.tobytes()).hexdigest(),
    )


def _rows(split: Split, rows: NDArray[np.int64]) -> Split:
    return Split(split.images[rows], split.labels[rows], split.ids[rows])


def _promise(
    bar: Bar, golden: NDArray[np.float32], predicted: NDArray[np.integer], material: Material,
    *, dense_per_channel: bool,
) -> Promise:  # fmt: skip
    calibration = material.calibration.images
    _, height, width = calibration.shape
    return Promise(
        precision=bar.precision,
        image_shape=(height, width),
        pixel_range=(float(calibration.min()) / 255, float(calibration.max()) / 255),
        golden=golden,
        predicted=predicted,
        golden_tolerance=bar.golden_tolerance,
        min_agreement=bar.min_agreement,
        dense_per_channel=dense_per_channel,
    )
