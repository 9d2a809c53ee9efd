"""Costs of a network on the device, and the device's limits."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Limits:
    """Hard limits of the search and of the choice of the file.

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
