"""Cost of a network on the device, against its limits."""

from dataclasses import dataclass

from litesmith.params.sections.device import Budget, HardLimits


@dataclass(frozen=True)
class Cost:
    """Size of a file, multiply-accumulates for one image, and peak of live int8 activations."""

    tflite_bytes: int
    macs: int
    activation_bytes: int


def broken_limits(cost: Cost, limits: HardLimits) -> str:
    """Return which limits a network breaks, in words; empty if none."""
    pairs = [
        ("int8 file", cost.tflite_bytes, limits.max_tflite_bytes, "bytes"),
        ("work", cost.macs, limits.max_macs, "multiply-accumulates"),
        ("activations", cost.activation_bytes, limits.max_activation_bytes, "bytes"),
    ]
    return "; ".join(
        f"{what} of {got} {unit}, limit {most}" for what, got, most, unit in pairs if got > most
    )


def search_limits(device: HardLimits, budget: Budget) -> HardLimits:
    """Return the budget's limits, the device's where that has none."""
    tighter = {name: most for name, most in budget if most is not None}
    return device.replace(**tighter)
