"""Hold converted files to their promise: opened where no TensorFlow is, they look and answer as they should."""

import json
import os
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.analysis.scores import agreement
from litesmith.errors import ConversionError
from litesmith.files import UTF8_PIPES
from litesmith.params.sections.convert import Precision
from litesmith.tflite.runtime import INTEGER, Observation, Tensor, Weights

# Dynamic-range quantization leaves smaller tensors in float32 (`kWeightsMinNumElementsDefault` in TensorFlow Lite's
# quantize_weights.cc).
_DYNAMIC_MIN_WEIGHTS = 1024


@dataclass(frozen=True)
class Promise:
    """What a file must do.

    Attributes:
        image_shape: Height and width.
        pixel_range: Smallest and largest pixel, 0 to 1, that an int8 input must be able to hold.
        golden: The Keras model's probabilities of the golden images, float32 (n, classes).
        predicted: The Keras model's classes of the validation images (m,).
        golden_tolerance: Largest difference of any golden probability.
        min_agreement: Smallest share of validation images on which file and Keras model name the same class.
        dense_per_channel: Whether integer weights of dense layers have a scale for each channel too, as those of
            convolutions do. A network that learned to round did so with one scale for the whole of a dense layer.
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
    model: Path, golden_images: NDArray[np.uint8], images: NDArray[np.uint8]
) -> Observation:
    """Open a file in a process of its own that has no TensorFlow and return what was seen there.

    Args:
        model: The ``.tflite`` file.
        golden_images: Images whose probabilities are wanted, uint8 (n, height, width).
        images: Images whose most probable class is wanted, uint8 (m, height, width).

    Raises:
        ConversionError: The process failed: the file cannot be opened or run, or TensorFlow was imported.
    """
    with tempfile.TemporaryDirectory(prefix="litesmith-") as folder:
        request = Path(folder, "request.json")
        paths = {"golden_images": f"{folder}/golden_images.npy", "images": f"{folder}/images.npy"}
        np.save(paths["golden_images"], golden_images)
        np.save(paths["images"], images)
        request.write_text(json.dumps({"model": str(model), **paths}), encoding="utf-8")
        home = str(Path(__file__).resolve().parents[2])
        done = subprocess.run(
            [sys.executable, "-m", "litesmith.tflite.runtime", str(request)],
            env={**os.environ, **UTF8_PIPES, "PYTHONPATH": home},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            check=False,
        )
    if done.returncode != 0:
        raise ConversionError(
            f"{model} does not run under LiteRT without TensorFlow: {done.stderr.strip()}"
        )
    return Observation.from_json(done.stdout)


def checks(seen: Observation, promise: Promise) -> list[Check]:
    """Compare what was seen of a file with what it must do, one check for each thing that can be wrong."""
    return [
        _shapes(seen, promise),
        _door_dtypes(seen, promise),
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
    path: Path, promise: Promise, golden_images: NDArray[np.uint8], images: NDArray[np.uint8]
) -> Judgement:
    """Open a file where no TensorFlow is and hold it to its promise.

    Args:
        path: The ``.tflite`` file.
        promise: What it must do.
        golden_images: The images of ``promise.golden``, uint8 (n, height, width).
        images: The images of ``promise.predicted``, uint8 (m, height, width).

    Raises:
        ConversionError: It cannot be opened there, or it broke the promise: each check that failed, one a line.
    """
    seen = observe_apart(path, golden_images, images)
    checked = checks(seen, promise)
    broken = [f"{path.name}: {one.name}: {one.detail}" for one in checked if not one.passed]
    if broken:
        raise ConversionError("\n".join(broken))
    return Judgement(
        seen=seen,
        checks=checked,
        golden_error=golden_error(seen, promise),
        agreement=agreement(np.array(seen.predicted), promise.predicted),
    )


def _shapes(seen: Observation, promise: Promise) -> Check:
    expected = (1, *promise.image_shape, 1), (1, promise.golden.shape[1])
    found = seen.input.shape, seen.output.shape
    return Check(
        "shapes", found == expected, f"{found[0]} to {found[1]}, expected {expected[0]} to {expected[1]}"
    )


def _door_dtypes(seen: Observation, promise: Promise) -> Check:
    expected = "int8" if promise.precision in INTEGER else "float32"
    found = seen.input.dtype, seen.output.dtype
    return Check(
        "dtypes",
        set(found) == {expected},
        f"{found[0]} to {found[1]}, expected {expected} to {expected}",
    )


def _quantization(seen: Observation, promise: Promise) -> Check:
    """Check that integer doors hold pixels and probabilities to the step, and that float doors are not quantized."""
    doors = {"input": (seen.input, promise.pixel_range), "output": (seen.output, (0.0, 1.0))}
    if promise.precision not in INTEGER:
        quantized = [name for name, (tensor, _) in doors.items() if tensor.scale is not None]
        return Check(
            "quantization", not quantized, f"quantized: {', '.join(quantized) or 'neither, as expected'}"
        )
    wrong = [
        f"{name} holds {_span(tensor)}, expected {low:.4g} to {high:.4g} within a step"
        for name, (tensor, (low, high)) in doors.items()
        if not _holds(tensor, low, high)
    ]
    detail = "; ".join(wrong) or f"input holds {_span(seen.input)}, output {_span(seen.output)}"
    return Check("quantization", not wrong, detail)


def _holds(tensor: Tensor, low: float, high: float) -> bool:
    """Tell whether a quantized tensor reaches from ``low`` to ``high``, give or take a step.

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
    expected = [_weight_dtype(promise.precision, one, is_end=one in ends) for one in seen.weights]
    pairs = zip(seen.weights, expected, strict=True)
    wrong = [f"{one.name} is {one.dtype}" for one, dtype in pairs if one.dtype != dtype]
    # in an integer file nothing at all may be a float: devices without such a unit could not run it
    floats = (
        [name for name in seen.dtypes if name.startswith("float")]
        if promise.precision in INTEGER
        else []
    )
    found = [*wrong, *(f"there are {name} tensors" for name in floats)]
    passed = bool(seen.weights) and not found
    return Check(
        "weights", passed, "; ".join(found) or f"{len(seen.weights)} weight tensors as promised"
    )


def _weight_dtype(precision: Precision, weights: Weights, *, is_end: bool) -> str:
    if precision == "dynamic":
        return "int8" if weights.num_weights >= _DYNAMIC_MIN_WEIGHTS else "float32"
    if precision == "int4" and (is_end or weights.is_depthwise):
        return "int8"  # see `litesmith.tflite.int4`
    return precision


def _channels(seen: Observation, promise: Promise) -> Check:
    """Check that integer weights have the scales promised, and that other weights have none."""
    wrong = [
        f"{one.name} has {one.num_scales} scales for {one.num_channels} channels"
        for one in seen.weights
        if one.num_scales != _num_scales(one, promise)
    ]
    return Check("per-channel", not wrong, "; ".join(wrong) or _scales_text(promise))


def _scales_text(promise: Promise) -> str:
    dense = "" if promise.dense_per_channel else ", one in all for a dense layer"
    return f"one scale for each channel of integer weights{dense}"


def _num_scales(weights: Weights, promise: Promise) -> int:
    if weights.dtype not in INTEGER:
        return 0
    is_dense = len(weights.shape) == 2
    return weights.num_channels if promise.dense_per_channel or not is_dense else 1


def _golden(seen: Observation, promise: Promise) -> Check:
    error = golden_error(seen, promise)
    detail = f"largest error {error:.2g}, at most {promise.golden_tolerance:g} allowed"
    return Check("golden", error <= promise.golden_tolerance, detail)


def _agreement(seen: Observation, promise: Promise) -> Check:
    share = agreement(np.array(seen.predicted), promise.predicted)
    detail = (
        f"same class as Keras on {share:.4f} of validation, at least {promise.min_agreement:g} asked"
    )
    return Check("agreement", share >= promise.min_agreement, detail)
