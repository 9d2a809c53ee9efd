"""Checks of converted files, opened where no TensorFlow is."""

import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.intervals import fewest_allowed
from litesmith.errors import ConversionError
from litesmith.files import run_module
from litesmith.records.convert import FileCheck
from litesmith.tflite import runtime
from litesmith.tflite.precisions.precision import Precision
from litesmith.tflite.runtime import Observation, Tensor, Weights


@dataclass(frozen=True)
class Requirements:
    """What a file of one precision must reach.

    Attributes:
        golden_tolerance: Largest difference of a golden probability from the Keras model's.
        min_agreement: Smallest share of images on which file and Keras model name the same class.
        agreement_level: Chance that a file which agrees on just that share of all images is refused.
        max_shift_px: How far images are moved for the choice of the final file; 0 for no candidate.
    """

    precision: Precision
    golden_tolerance: float
    min_agreement: float
    agreement_level: float
    max_shift_px: int = 0


@dataclass(frozen=True)
class Reference:
    """Images, and the answers of the Keras model that a file is compared with.

    Attributes:
        images: uint8 (n, height, width, channels).
        fill: Grey level of what a move of them brings in, 0 to 255.
        golden_rows: Rows of ``images`` whose probabilities are compared one by one, (g,).
        golden: The Keras model's probabilities of these, float32 (g, classes).
        predicted: The Keras model's classes of all images (n,).
        pixel_range: Smallest and largest pixel, 0 to 1, that an int8 input must be able to hold.
        dense_per_channel: Whether integer weights of dense layers have a scale for each channel too, as
            those of convolutions do. Quantization-aware training learns one scale for the whole of a
            dense layer.
    """

    images: NDArray[np.uint8]
    fill: int
    golden_rows: NDArray[np.integer]
    golden: NDArray[np.float32]
    predicted: NDArray[np.integer]
    pixel_range: tuple[float, float]
    dense_per_channel: bool


def observe_apart(
    model: Path,
    images: NDArray[np.uint8],
    golden_rows: NDArray[np.integer],
    max_shift_px: int = 0,
    fill: int = 0,
) -> Observation:
    """Observe a file as `runtime.observe` does, in a process that has no TensorFlow.

    Raises:
        ConversionError: The process failed: the file cannot be opened or run, or TensorFlow was
            imported.
    """
    with tempfile.TemporaryDirectory(prefix="litesmith-") as folder:
        arrays = Path(folder, "images.npz")
        np.savez(arrays, images=images, golden_rows=golden_rows)
        command = [runtime.__name__, str(model), str(arrays), str(max_shift_px), str(fill)]
        done = run_module(command, model, "LiteRT without TensorFlow")
    return Observation.model_validate_json(done.stdout)


def check_file(
    path: Path, requirements: Requirements, reference: Reference
) -> tuple[Observation, tuple[FileCheck, ...]]:
    """Observe a file where no TensorFlow is, and check it.

    Raises:
        ConversionError: It cannot be opened there, or checks failed: each of them, one a line.
    """
    observation = observe_apart(
        path, reference.images, reference.golden_rows, requirements.max_shift_px, reference.fill
    )
    results = checks(observation, requirements, reference)
    failed = [f"{path.name}: {check.name}: {check.detail}" for check in results if not check.passed]
    if failed:
        raise ConversionError("\n".join(failed))
    return observation, results


def checks(
    observation: Observation, requirements: Requirements, reference: Reference
) -> tuple[FileCheck, ...]:
    """Compare an observed file with its requirements and its Keras model."""
    precision = requirements.precision
    return (
        _shapes(observation, reference),
        _io_dtypes(observation, precision),
        _quantization(observation, precision, reference.pixel_range),
        _weight_dtypes(observation, precision),
        _channels(observation, reference.dense_per_channel),
        _golden(observation, requirements, reference),
        _agreement(observation, requirements, reference),
    )


def golden_error(observation: Observation, reference: Reference) -> float:
    """Return the largest difference of any golden probability from the Keras model's."""
    return float(np.max(np.abs(np.array(observation.golden) - reference.golden)))


def _shapes(observation: Observation, reference: Reference) -> FileCheck:
    expected = (1, *reference.images.shape[1:]), (1, reference.golden.shape[1])
    got = observation.input.shape, observation.output.shape
    detail = f"{got[0]} to {got[1]}, expected {expected[0]} to {expected[1]}"
    return FileCheck(name="shapes", passed=got == expected, detail=detail)


def _io_dtypes(observation: Observation, precision: Precision) -> FileCheck:
    expected, got = precision.io_dtype, (observation.input.dtype, observation.output.dtype)
    detail = f"{got[0]} to {got[1]}, expected {expected} to {expected}"
    return FileCheck(name="dtypes", passed=set(got) == {expected}, detail=detail)


def _quantization(
    observation: Observation, precision: Precision, pixel_range: tuple[float, float]
) -> FileCheck:
    """Check that integers hold pixels and probabilities, and floats are not quantized."""
    ends = {"input": (observation.input, pixel_range), "output": (observation.output, (0.0, 1.0))}
    if precision.is_integer:
        wrong = [
            f"{name} holds {_span(tensor)}, expected {low:.4g} to {high:.4g} within a step"
            for name, (tensor, (low, high)) in ends.items()
            if not _holds(tensor, low, high)
        ]
        detail = f"input holds {_span(observation.input)}, output {_span(observation.output)}"
        return FileCheck(name="quantization", passed=not wrong, detail="; ".join(wrong) or detail)
    quantized = [name for name, (tensor, _) in ends.items() if tensor.scale is not None]
    detail = f"quantized: {', '.join(quantized) or 'neither, as expected'}"
    return FileCheck(name="quantization", passed=not quantized, detail=detail)


def _holds(tensor: Tensor, low: float, high: float) -> bool:
    """Tell whether a quantized tensor reaches both ends within a step.

    A softmax is given the scale 1/256 by definition, so it ends one step below 1.
    """
    if tensor.scale is None:
        return False
    slack = 1.01 * tensor.scale
    return tensor.range[0] <= low + slack and tensor.range[1] >= high - slack


def _span(tensor: Tensor) -> str:
    return f"{tensor.range[0]:.4g} to {tensor.range[1]:.4g} in {tensor.dtype}"


def _weight_dtypes(observation: Observation, precision: Precision) -> FileCheck:
    all_weights = observation.weights
    ends = (all_weights[0], all_weights[-1]) if all_weights else ()
    wrong = [
        f"{weights.name} is {weights.dtype}"
        for weights in all_weights
        if weights.dtype != precision.expected_dtype(weights, is_end=weights in ends)
    ]
    # in an integer file nothing at all may be a float: devices without such a unit could not run it
    if precision.is_integer:
        wrong += [f"there are {name} tensors" for name in observation.dtypes if name.startswith("float")]
    detail = "; ".join(wrong) or f"{len(all_weights)} weight tensors as expected"
    return FileCheck(name="weights", passed=bool(all_weights) and not wrong, detail=detail)


def _channels(observation: Observation, dense_per_channel: bool) -> FileCheck:
    """Check that integer weights have the scales expected, and that other weights have none."""
    wrong = [
        f"{weights.name} has {weights.num_scales} scales for {weights.num_channels} channels"
        for weights in observation.weights
        if weights.num_scales != _num_scales(weights, dense_per_channel)
    ]
    dense = "" if dense_per_channel else ", one in all for a dense layer"
    detail = "; ".join(wrong) or f"one scale for each channel of integer weights{dense}"
    return FileCheck(name="per-channel", passed=not wrong, detail=detail)


def _num_scales(weights: Weights, dense_per_channel: bool) -> int:
    if not weights.dtype.startswith("int"):
        return 0
    is_dense = len(weights.shape) == 2
    return weights.num_channels if dense_per_channel or not is_dense else 1


def _golden(observation: Observation, requirements: Requirements, reference: Reference) -> FileCheck:
    error, tolerance = golden_error(observation, reference), requirements.golden_tolerance
    detail = f"largest error {error:.2g}, at most {tolerance:g} allowed"
    return FileCheck(name="golden", passed=error <= tolerance, detail=detail)


def _agreement(observation: Observation, requirements: Requirements, reference: Reference) -> FileCheck:
    """Check that a file answers as its model, up to what is chance."""
    same = np.asarray(observation.in_place) == reference.predicted
    num, total = int(same.sum()), len(same)
    share, level = requirements.min_agreement, requirements.agreement_level
    fewest = fewest_allowed(total, share, level)
    detail = (
        f"same class as Keras on {num} of {total} validation images ({num / total:.4f}), at least "
        f"{share:g} required: fewer than {fewest} of {total} fall short of it beyond chance "
        f"(exact binomial test at {level:g})"
    )
    return FileCheck(name="agreement", passed=num >= fewest, detail=detail)
