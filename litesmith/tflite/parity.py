"""Checks of converted files, opened where no TensorFlow is."""

import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from pydantic import TypeAdapter

from litesmith.analysis.scores import agreement
from litesmith.errors import ConversionError
from litesmith.files import UTF8_PIPES
from litesmith.tflite.precisions.precision import Precision
from litesmith.tflite.runtime import Observation, Request, Tensor, Weights


@dataclass(frozen=True)
class Promise:
    """What a file must do.

    Attributes:
        precision: Of the file.
        image_shape: Height and width.
        pixel_range: Smallest and largest pixel, 0 to 1, that an int8 input must be able to hold.
        golden: The Keras model's probabilities of the golden images, float32 (n, classes).
        predicted: The Keras model's classes of the validation images (m,).
        golden_tolerance: Largest difference of any golden probability.
        min_agreement: Smallest share of validation images on which file and Keras model name the same
            class.
        dense_per_channel: Whether integer weights of dense layers have a scale for each channel too, as
            those of convolutions do. Quantization-aware training learns one scale for the whole of a
            dense layer.
    """

    precision: Precision
    image_shape: tuple[int, int]
    pixel_range: tuple[float, float]
    golden: NDArray[np.float32]
    predicted: NDArray[np.integer]
    golden_tolerance: float
    min_agreement: float
    dense_per_channel: bool


@dataclass(frozen=True)
class Check:
    """One part of the promise, kept or not, with what was seen."""

    name: str
    passed: bool
    detail: str


@dataclass(frozen=True)
class Judgement:
    """A file that kept its promise, and what was seen of it."""

    seen: Observation
    checks: list[Check]
    golden_error: float
    agreement: float


def observe_apart(
    model: Path, images: NDArray[np.uint8], golden_rows: NDArray[np.integer], max_shift_px: int = 0
) -> Observation:
    """Observe a file in a process of its own that has no TensorFlow.

    Args:
        model: The ``.tflite`` file.
        images: Images whose most probable class is wanted, uint8 (n, height, width).
        golden_rows: Which of them the probabilities are wanted of as well.
        max_shift_px: The classes are wanted at every place up to so many pixels away.

    Raises:
        ConversionError: The process failed: the file cannot be opened or run, or TensorFlow was
            imported.
    """
    with tempfile.TemporaryDirectory(prefix="litesmith-") as folder:
        request = Request(model, Path(folder, "images.npy"), golden_rows.tolist(), max_shift_px)
        np.save(request.images, images)
        path = Path(folder, "request.json")
        path.write_bytes(TypeAdapter(Request).dump_json(request))
        home = str(Path(__file__).resolve().parents[2])
        process = subprocess.run(
            [sys.executable, "-m", "litesmith.tflite.runtime", str(path)],
            env={**os.environ, **UTF8_PIPES, "PYTHONPATH": home},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    if process.returncode != 0:
        raise ConversionError(
            f"{model} does not run under LiteRT without TensorFlow: {process.stderr.strip()}"
        )
    return Observation.from_json(process.stdout)


def checks(seen: Observation, promise: Promise) -> list[Check]:
    """Compare what was seen of a file with what it must do."""
    return [
        _shapes(seen, promise),
        _io_dtypes(seen, promise),
        _quantization(seen, promise),
        _weight_dtypes(seen, promise),
        _channels(seen, promise),
        _golden(seen, promise),
        _agreement(seen, promise),
    ]


def golden_error(seen: Observation, promise: Promise) -> float:
    """Return the largest difference of any golden probability from the Keras model's."""
    return float(np.max(np.abs(np.array(seen.golden) - promise.golden)))


def judge(
    path: Path,
    promise: Promise,
    images: NDArray[np.uint8],
    golden_rows: NDArray[np.integer],
    max_shift_px: int = 0,
) -> Judgement:
    """Open a file where no TensorFlow is and hold it to its promise.

    Args:
        path: The ``.tflite`` file.
        promise: What it must do.
        images: The images of ``promise.predicted``, uint8 (n, height, width).
        golden_rows: Which of them are the images of ``promise.golden``.
        max_shift_px: The classes are observed at every place up to so many pixels away.

    Raises:
        ConversionError: It cannot be opened there, or it broke the promise: each check that failed, one
            a line.
    """
    seen = observe_apart(path, images, golden_rows, max_shift_px)
    checked = checks(seen, promise)
    broken = [f"{path.name}: {check.name}: {check.detail}" for check in checked if not check.passed]
    if broken:
        raise ConversionError("\n".join(broken))
    return Judgement(
        seen=seen,
        checks=checked,
        golden_error=golden_error(seen, promise),
        agreement=agreement(seen.in_place, promise.predicted),
    )


def _shapes(seen: Observation, promise: Promise) -> Check:
    expected = (1, *promise.image_shape, 1), (1, promise.golden.shape[1])
    got = seen.input.shape, seen.output.shape
    detail = f"{got[0]} to {got[1]}, expected {expected[0]} to {expected[1]}"
    return Check("shapes", got == expected, detail)


def _io_dtypes(seen: Observation, promise: Promise) -> Check:
    expected, got = promise.precision.io_dtype, (seen.input.dtype, seen.output.dtype)
    detail = f"{got[0]} to {got[1]}, expected {expected} to {expected}"
    return Check("dtypes", set(got) == {expected}, detail)


def _quantization(seen: Observation, promise: Promise) -> Check:
    """Check that integers hold pixels and probabilities, and floats are not quantized."""
    ends = {"input": (seen.input, promise.pixel_range), "output": (seen.output, (0.0, 1.0))}
    if not promise.precision.is_integer:
        quantized = [name for name, (tensor, _) in ends.items() if tensor.scale is not None]
        return Check(
            "quantization", not quantized, f"quantized: {', '.join(quantized) or 'neither, as expected'}"
        )
    wrong = [
        f"{name} holds {_span(tensor)}, expected {low:.4g} to {high:.4g} within a step"
        for name, (tensor, (low, high)) in ends.items()
        if not _holds(tensor, low, high)
    ]
    detail = "; ".join(wrong) or f"input holds {_span(seen.input)}, output {_span(seen.output)}"
    return Check("quantization", not wrong, detail)


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


def _weight_dtypes(seen: Observation, promise: Promise) -> Check:
    ends = (seen.weights[0], seen.weights[-1]) if seen.weights else ()
    wrong = [
        f"{weights.name} is {weights.dtype}"
        for weights in seen.weights
        if weights.dtype != promise.precision.expected_dtype(weights, is_end=weights in ends)
    ]
    # in an integer file nothing at all may be a float: devices without such a unit could not run it
    if promise.precision.is_integer:
        wrong += [f"there are {name} tensors" for name in seen.dtypes if name.startswith("float")]
    passed = bool(seen.weights) and not wrong
    detail = "; ".join(wrong) or f"{len(seen.weights)} weight tensors as promised"
    return Check("weights", passed, detail)


def _channels(seen: Observation, promise: Promise) -> Check:
    """Check that integer weights have the scales promised, and that other weights have none."""
    wrong = [
        f"{weights.name} has {weights.num_scales} scales for {weights.num_channels} channels"
        for weights in seen.weights
        if weights.num_scales != _num_scales(weights, promise)
    ]
    return Check("per-channel", not wrong, "; ".join(wrong) or _scales_text(promise))


def _scales_text(promise: Promise) -> str:
    dense = "" if promise.dense_per_channel else ", one in all for a dense layer"
    return f"one scale for each channel of integer weights{dense}"


def _num_scales(weights: Weights, promise: Promise) -> int:
    if not weights.dtype.startswith("int"):
        return 0
    is_dense = len(weights.shape) == 2
    return weights.num_channels if promise.dense_per_channel or not is_dense else 1


def _golden(seen: Observation, promise: Promise) -> Check:
    error = golden_error(seen, promise)
    detail = f"largest error {error:.2g}, at most {promise.golden_tolerance:g} allowed"
    return Check("golden", error <= promise.golden_tolerance, detail)


def _agreement(seen: Observation, promise: Promise) -> Check:
    share = agreement(seen.in_place, promise.predicted)
    detail = (
        f"same class as Keras on {share:.4f} of validation, at least {promise.min_agreement:g} asked"
    )
    return Check("agreement", share >= promise.min_agreement, detail)
