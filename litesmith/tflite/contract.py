"""Input and output that a classifier of pictures must have."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError

_NEEDED = (
    "Needed: one input of one picture at a time, (1, height, width, 1) if grey or (1, height, width, 3) "
    "if in colour, and one output of probabilities, (1, classes) of at least two classes, each in "
    "float32 or quantized to int8, uint8 or int16. Convert it again in this form."
)
# Of a sum of probabilities from 1, beside what rounding to the steps of a quantized output explains.
_SLACK = 0.05
# Of a quantized input or output: whole numbers cannot hold what lies in [0, 1].
_MAX_STEP = 1 / 16


@dataclass(frozen=True)
class TensorSpec:
    """An input or output of a model.

    Attributes:
        dtype: NumPy's name, or the one of the file's format where NumPy has none.
        shape: The batch comes first, and is 1 where the model takes any number; None is an open size.
        scales: Real units of one integer step; one for each channel, or none for floats.
    """

    dtype: str
    shape: tuple[int | None, ...]
    scales: tuple[float, ...] = ()


def require_classifier(path: Path, inputs: Sequence[TensorSpec], outputs: Sequence[TensorSpec]) -> None:
    """Raise `DataError` unless a model classifies one picture at a time."""
    reason = (
        _wrong_count("asks for", "input", inputs)
        or _wrong_count("gives", "output", outputs)
        or _wrong_input(inputs[0])
        or _wrong_output(outputs[0])
    )
    if reason:
        raise DataError(f"{path} {reason}. {_NEEDED}")


def require_shape(images: NDArray[np.uint8], expected: tuple[int, ...]) -> None:
    """Raise `DataError` unless images, (n, ...), are of a model's (height, width, channels)."""
    if images.shape[1:] != expected:
        raise DataError(
            f"the model takes images of (height, width, channels) {expected}, got {images.shape[1:]}. "
            "Resize them, or turn them grey or to colour."
        )


def require_probabilities(path: Path, answers: NDArray[np.float32], step: float = 0.0) -> None:
    """Check that answers are probabilities.

    Args:
        path: The model's file, for the message.
        answers: float32 (n, classes).
        step: Scale of a quantized output; 0 for floats.

    Raises:
        DataError: An answer is not a number, is outside [0, 1], or those of a picture do not sum to 1.
    """
    if not np.isfinite(answers).all():
        raise DataError(
            f"{path} answers with values that are not numbers (NaN or infinite): its weights are broken."
        )
    sums, slack = answers.sum(axis=1), _SLACK + answers.shape[1] * step / 2
    outside = (answers < -_SLACK) | (answers > 1 + _SLACK)
    wrong = np.flatnonzero(outside.any(axis=1) | (np.abs(sums - 1) > slack))
    if len(wrong):
        row = answers[wrong[0]]
        raise DataError(
            f"{path} answers with values from {row.min():.4g} to {row.max():.4g} that sum to "
            f"{row.sum():.4g}. Expected probabilities, in [0, 1] with a sum of 1: end the model with a "
            "softmax and convert it again."
        )


def _wrong_count(verb: str, noun: str, specs: Sequence[TensorSpec]) -> str:
    if len(specs) == 1:
        return ""
    listed = ", ".join(f"{_shape_text(spec.shape)} {spec.dtype}" for spec in specs)
    return f"{verb} {len(specs) or 'no'} {noun}s" + (f" ({listed})" if listed else "")


def _wrong_input(spec: TensorSpec) -> str:
    """Return what is wrong with an input; empty if nothing."""
    shape = _shape_text(spec.shape)
    if 0 in spec.shape:
        return f"asks for an empty input, {shape}"
    if len(spec.shape) == 2:
        return f"asks for flat input, {shape}, instead of a picture"
    if len(spec.shape) == 3:
        return f"asks for pictures without an axis for their channel, {shape}"
    if len(spec.shape) != 4:
        return f"asks for input of {len(spec.shape)} axes, {shape}"
    batch, height, width, channels = spec.shape
    if batch != 1:
        return f"asks for {batch} pictures at once, {shape}"
    if channels not in (1, 3) and height in (1, 3) and channels is not None and channels > 4:
        return f"asks for pictures with their channels first, {shape}"
    if channels not in (1, 3):
        return f"asks for pictures of {channels or 'any number of'} channels, {shape}"
    if height is None or width is None:
        return f"asks for pictures of any size, {shape}, so that their size is not known"
    return _wrong_dtype("asks for", "input", spec)


def _wrong_output(spec: TensorSpec) -> str:
    """Return what is wrong with an output; empty if nothing."""
    shape = _shape_text(spec.shape)
    if len(spec.shape) != 2 or spec.shape[0] != 1:
        return f"gives an output of {shape}, instead of one row of classes"
    if spec.shape[1] is None or spec.shape[1] < 2:
        return f"gives an output of {shape}, instead of a number of at least two classes"
    return _wrong_dtype("gives", "output", spec)


def _wrong_dtype(verb: str, noun: str, spec: TensorSpec) -> str:
    if len(spec.scales) > 1:
        scales = f"{len(spec.scales)} scales, one for each channel, instead of one in all"
        return f"{verb} {spec.dtype} {noun} with {scales}"
    if not spec.scales:
        return "" if spec.dtype == "float32" else f"{verb} {spec.dtype} {noun} that is not quantized"
    if spec.dtype not in ("int8", "uint8", "int16"):
        return f"{verb} {noun} quantized to {spec.dtype}"
    if 0 < spec.scales[0] <= _MAX_STEP:
        return ""
    return f"{verb} {noun} in steps of {spec.scales[0]:.4g}, which cannot hold what is in [0, 1]"


def _shape_text(shape: tuple[int | None, ...]) -> str:
    sizes = ", ".join("any" if size is None else str(size) for size in shape)
    return f"({sizes}{',' if len(shape) == 1 else ''})"
