"""Turn a Keras model into files of several precisions, and hold every one of them to its promise."""

import hashlib
import logging
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.scores import accuracy
from litesmith.compression.loading import learned_to_round
from litesmith.compression.quantization import KINDS
from litesmith.data.splits import Split, sample_rows
from litesmith.device.limits import Cost, broken_limits
from litesmith.errors import ConversionError
from litesmith.files import write_bytes
from litesmith.params.sections.convert import Precision
from litesmith.params.sections.device import HardLimits
from litesmith.tflite import converter, int4, runtime
from litesmith.tflite.parity import Judgement, Promise, judge
from litesmith.tflite.runtime import Weights
from litesmith.tflite.selection import Candidate, Choice
from litesmith.tflite.sizes import Size, measure_size
from litesmith.training.cost import count_macs, peak_activation_bytes

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Bar:
    """What a file of one precision must reach.

    Attributes:
        golden_tolerance: Largest difference of any golden probability from the Keras model's.
        min_agreement: Smallest share of validation images on which file and Keras model name the same class.
    """

    golden_tolerance: float
    min_agreement: float


@dataclass(frozen=True)
class Material:
    """The images that every model is converted and compared with.

    Attributes:
        calibration: From train; int8 learns the ranges of activations from them.
        golden: From validation; their probabilities are compared one by one.
        validation: All of it; its classes are compared.
    """

    calibration: Split
    golden: Split
    validation: Split


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


def choose_material(
    train: Split, validation: Split, *, num_calibration: int, num_golden: int, seed: int
) -> Material:
    """Draw calibration images from train and golden ones from validation, every class with its share.

    Raises:
        ParamsError: There are fewer images than asked for, or too few of a class.
    """

    def drawn(split: Split, num_rows: int) -> Split:
        rows = sample_rows(split.labels, num_rows, seed)
        return Split(split.images[rows], split.labels[rows], split.ids[rows])

    return Material(drawn(train, num_calibration), drawn(validation, num_golden), validation)


def convert_model(
    name: str, model: Any, bars: Mapping[Precision, Bar], material: Material, folder: Path
) -> Converted:
    """Write one file for each precision and hold it to its promise; one that breaks it is removed.

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
    for precision, bar in bars.items():
        path = folder / f"{name}-{precision}.tflite"
        promise = _promise(
            precision, bar, golden, predicted, material, dense_per_channel=not learned_to_round(model)
        )
        try:
            judgement = _convert_one(model, path, promise, material)
        except ConversionError as error:
            path.unlink(missing_ok=True)
            converted.refused[path.stem] = str(error)
            _LOG.error("%s: %s", path.stem, error)
        else:
            converted.files[path.stem] = LiteFile(name, precision, measure_size(path), judgement)
            _LOG.info("%s agrees with Keras on %.4f of validation", path.stem, judgement.agreement)
    return converted


def candidates(
    files: Mapping[str, LiteFile],
    folder: Path,
    pictures: NDArray[np.uint8],
    broken: Callable[[LiteFile], str],
) -> list[Candidate]:
    """Return files as candidates for the device, with what they answer.

    Args:
        files: By name, those that may go there.
        folder: Where they lie.
        pictures: uint8, (k, n, height, width), what they are asked about.
        broken: Tells which limits of the device a file breaks.
    """
    return [
        Candidate(name, one.size, _answers(folder / f"{name}.tflite", pictures), broken(one))
        for name, one in files.items()
    ]


def limits_broken_by(network: Any, limits: HardLimits) -> Callable[[LiteFile], str]:
    """Return a function that tells which limits of the device a file breaks.

    Args:
        network: The winner, whose shape the networks of all candidates have.
        limits: Of the device.
    """
    macs, activation_bytes = count_macs(network), peak_activation_bytes(network)

    def broken(one: LiteFile) -> str:
        passes = KINDS[one.model].passes if one.model in KINDS else 1
        return broken_limits(Cost(one.size.raw_bytes, macs * passes, activation_bytes * passes), limits)

    return broken


def moved(images: NDArray[np.uint8], max_shift_px: int) -> NDArray[np.uint8]:
    """Return images (n, height, width) at every place up to so many pixels away, (k, n, height, width).

    Few images tell little; an image at nine places tells more, and networks were trained to stand it.
    """
    wide = np.pad(images, ((0, 0), (max_shift_px, max_shift_px), (max_shift_px, max_shift_px)))
    _, height, width = images.shape
    steps = range(2 * max_shift_px + 1)
    return np.stack(
        [wide[:, down : down + height, right : right + width] for down in steps for right in steps]
    )


def _answers(path: Path, pictures: NDArray[np.uint8]) -> NDArray[np.integer]:
    return np.stack([runtime.predict(path, images).argmax(axis=1) for images in pictures])


def describe_file(one: LiteFile, labels: NDArray[np.uint8]) -> dict[str, Any]:
    """Return everything known of a file as plain data.

    Args:
        one: The file.
        labels: Of the validation images.
    """
    seen = one.judgement.seen
    return {
        "model": one.model,
        "precision": one.precision,
        "bytes": one.size.raw_bytes,
        "gzip_bytes": one.size.gzip_bytes,
        "input": asdict(seen.input),
        "output": asdict(seen.output),
        "golden_max_error": one.judgement.golden_error,
        "agreement_with_keras": one.judgement.agreement,
        "validation_accuracy": accuracy(labels, np.array(seen.predicted)),
        "sparsity": {
            "overall": seen.sparsity,
            "layers": [_describe_weights(weights) for weights in seen.weights],
        },
        "checks": [asdict(check) for check in one.judgement.checks],
    }


def describe_choice(choice: Choice, files: Mapping[str, LiteFile]) -> dict[str, Any]:
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


def describe_calibration(calibration: Split, num_classes: int) -> dict[str, Any]:
    """Return how many calibration images there are of each class, and the SHA-256 of their ids."""
    ids = np.ascontiguousarray(calibration.ids, "<i8")
    return {
        "num_images": len(ids),
        "per_class": np.bincount(calibration.labels, minlength=num_classes).tolist(),
        "ids_sha256": hashlib.sha256(ids.tobytes()).hexdigest(),
    }


def _convert_one(model: Any, path: Path, promise: Promise, material: Material) -> Judgement:
    """Write one file and hold it to its promise.

    Raises:
        ConversionError: TensorFlow cannot convert the model, or the file broke the promise.
    """
    images = material.calibration.images
    four_bits = promise.precision == "int4"
    write_bytes(
        path,
        int4.convert(model, images)
        if four_bits
        else converter.convert(model, promise.precision, images),
    )
    return judge(path, promise, material.golden.images, material.validation.images)


def _promise(
    precision: Precision, bar: Bar, golden: NDArray[np.float32], predicted: NDArray[np.integer], material: Material,
    *, dense_per_channel: bool,
) -> Promise:  # fmt: skip
    calibration = material.calibration.images
    _, height, width = calibration.shape
    return Promise(
        precision=precision,
        image_shape=(height, width),
        pixel_range=(float(calibration.min()) / 255, float(calibration.max()) / 255),
        golden=golden,
        predicted=predicted,
        golden_tolerance=bar.golden_tolerance,
        min_agreement=bar.min_agreement,
        dense_per_channel=dense_per_channel,
    )


def _describe_weights(weights: Weights) -> dict[str, Any]:
    return {
        "name": weights.name,
        "shape": list(weights.shape),
        "dtype": weights.dtype,
        "num_weights": weights.num_weights,
        "sparsity": weights.sparsity,
    }
