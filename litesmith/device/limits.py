"""What a network takes of the device, and the limits that it must keep there."""

from collections.abc import Mapping
from dataclasses import dataclass

from litesmith.params.sections.device import DeviceParams
from litesmith.records.device import LimitCheck


@dataclass(frozen=True)
class Limits:
    """What the device can take: hard limits of the search and of the choice of the final file.

    Attributes:
        max_tflite_bytes: Of the int8 file.
        max_macs: Multiply-accumulates for one image.
        max_activation_bytes: Of int8 activations alive at once.
    """

    max_tflite_bytes: int
    max_macs: int
    max_activation_bytes: int


@dataclass(frozen=True)
class Cost:
    """What a network takes of the device.

    Attributes:
        tflite_bytes: Size of its file.
        macs: Multiply-accumulates for one image.
        activation_bytes: Of int8 activations alive at once.
    """

    tflite_bytes: int
    macs: int
    activation_bytes: int


def broken_limits(cost: Cost, limits: Limits) -> str:
    """Say which limits a network breaks; empty if none."""
    pairs = [
        ("int8 file", cost.tflite_bytes, limits.max_tflite_bytes, "bytes"),
        ("work", cost.macs, limits.max_macs, "multiply-accumulates"),
        ("activations", cost.activation_bytes, limits.max_activation_bytes, "bytes"),
    ]
    return "; ".join(
        f"{what} of {got} {unit}, limit {most}" for what, got, most, unit in pairs if got > most
    )


def check_limits(device: DeviceParams, takes: Mapping[str, float | str]) -> tuple[LimitCheck, ...]:
    """Hold what a file takes against the limits of the device.

    Args:
        device: The limits.
        takes: For each limit to check, by its name, what the file takes of it in the limit's unit, or why nothing
            measured it.
    """
    limits = device.model_dump()
    return tuple(_check(name, float(limits[name]), taken) for name, taken in takes.items())


def _check(name: str, limit: float, taken: float | str) -> LimitCheck:
    if isinstance(taken, str):
        return LimitCheck(name=name, limit=limit, measured=None, met=None, reason=taken)
    return LimitCheck(name=name, limit=limit, measured=taken, met=taken <= limit, reason=None)
