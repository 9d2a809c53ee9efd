"""Levels of any numbers brought to 8 bits."""

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError

# Bits that 16-bit pictures may use, as cameras of 8 and 12 bits write them.
_DEPTHS = (8, 12, 16)
_HIGHEST_DEEP = 2 ** _DEPTHS[-1] - 1
# Floats are scaled so many at once, for memory's sake.
_BLOCK_PIXELS = 1_000_000


@dataclass(frozen=True)
class InBytes:
    """Images of an array as uint8, and by row what is wrong with some."""

    images: NDArray[np.uint8]
    faults: dict[int, str]


def picture_in_bytes(values: NDArray[np.generic]) -> NDArray[np.uint8]:
    """Bring the levels of one picture to 0 to 255.

    Integers up to 65535 count in 8, 12 or 16 bits, whichever holds the highest. Floats in 0 to 1, or
    else in 0 to 255, count as such. Others are scaled from the lowest to the highest; infinite ones go
    to the ends, and what is not a number becomes any level.
    """
    if values.dtype.kind in "biu" and values.min() >= 0 and values.max() <= _HIGHEST_DEEP:
        return _deep_in_bytes(values, int(values.max()))
    finite = np.isfinite(values)
    if not finite.any():
        return np.where(np.greater(values, 0), 255, 0).astype(np.uint8)
    kept = values if finite.all() else values[finite]
    low, high = float(kept.min()), float(kept.max())
    in_bytes = np.empty(values.shape, np.uint8)
    step = max(1, _BLOCK_PIXELS // values.shape[1])
    for start in range(0, len(values), step):
        block = values[start : start + step].astype(np.float64)
        in_bytes[start : start + step] = _block_in_bytes(block, low, high)
    return in_bytes


def _block_in_bytes(values: NDArray[np.float64], low: float, high: float) -> NDArray[np.uint8]:
    """Bring rows of a picture of known levels to 0 to 255."""
    if low >= 0 and high <= 255:
        end = 1.0 if high <= 1 else 255.0
        return _floats_in_bytes(np.clip(np.nan_to_num(values, posinf=end), 0, end), end)
    # halved, since the span of the largest floats is larger than any of them
    span = max(high / 2 - low / 2, np.finfo(np.float64).tiny)
    with np.errstate(invalid="ignore", over="ignore"):
        shares = np.clip((values / 2 - low / 2) / span, 0, 1)
    return _floats_in_bytes(np.nan_to_num(shares), 1.0)


def arrays_in_bytes(arrays: Sequence[NDArray[np.generic]], names: Sequence[str]) -> list[InBytes]:
    """Bring the images of all arrays of a source to 0 to 255, alike.

    Truth values become 0 and 255. Which depth integers count in, and whether floats count up to 1 or to
    255, follows from the highest value in all arrays.

    Args:
        arrays: Numbers, (n, height, width, channels) each.
        names: Of the arrays, for messages.

    Raises:
        DataError: There are negative values, integers above 65535 or floats above 255.
    """
    sound = [_sound_rows(array) for array in arrays]
    ranges = [_range(array, rows) for array, rows in zip(arrays, sound, strict=True)]
    for array, name, (low, high) in zip(arrays, names, ranges, strict=True):
        _require_range(array, name, low, high)
    highest = {
        is_float: max(
            (
                high
                for array, (_, high) in zip(arrays, ranges, strict=True)
                if _is_float(array) == is_float
            ),
            default=0.0,
        )
        for is_float in (False, True)
    }
    return [
        _in_bytes(array, rows, highest[_is_float(array)])
        for array, rows in zip(arrays, sound, strict=True)
    ]


def _is_float(array: NDArray[np.generic]) -> bool:
    return array.dtype.kind == "f"


def _sound_rows(array: NDArray[np.generic]) -> NDArray[np.bool_]:
    """Return which images hold nothing but finite numbers."""
    if not _is_float(array):
        return np.ones(len(array), bool)
    return np.array([bool(np.isfinite(image).all()) for image in array], bool)


def _range(array: NDArray[np.generic], sound: NDArray[np.bool_]) -> tuple[float, float]:
    """Return the lowest and the highest value of the sound images."""
    if sound.all():
        return float(array.min()), float(array.max())
    images = [array[row] for row in np.flatnonzero(sound)]
    ends = [(float(image.min()), float(image.max())) for image in images]
    return min((low for low, _ in ends), default=0.0), max((high for _, high in ends), default=0.0)


def _require_range(array: NDArray[np.generic], name: str, low: float, high: float) -> None:
    most = 255 if _is_float(array) else _HIGHEST_DEEP
    if low < 0 or high > most:
        expected = "floats in 0 to 1 or in 0 to 255" if _is_float(array) else "integers in 0 to 65535"
        raise DataError(f"{name} go from {low:g} to {high:g}. Expected {expected}: scale them.")


def _in_bytes(array: NDArray[np.generic], sound: NDArray[np.bool_], highest: float) -> InBytes:
    if array.dtype == np.uint8:
        return InBytes(array.view(np.uint8), {})
    images = np.zeros(array.shape, np.uint8)
    for row in np.flatnonzero(sound):
        if array.dtype.kind == "b":
            images[row] = np.where(array[row], 255, 0)
        elif _is_float(array):
            images[row] = _floats_in_bytes(array[row].astype(np.float64), highest)
        else:
            images[row] = _deep_in_bytes(array[row], int(highest))
    reason = "holds a value that is not a number or is infinite. Correct it, or leave it out."
    return InBytes(images, {int(row): reason for row in np.flatnonzero(~sound)})


def _deep_in_bytes(values: NDArray[np.generic], highest: int) -> NDArray[np.uint8]:
    """Return integers in the depth that holds the highest, without lower bits."""
    depth = next(depth for depth in _DEPTHS if highest < 2**depth)
    levels: NDArray[np.uint8] = (values.astype(np.uint16) >> (depth - 8)).astype(np.uint8)
    return levels


def _floats_in_bytes(values: NDArray[np.float64], highest: float) -> NDArray[np.uint8]:
    levels: NDArray[np.uint8] = np.rint(values * (255 if highest <= 1 else 1)).astype(np.uint8)
    return levels
