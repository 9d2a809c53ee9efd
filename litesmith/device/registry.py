"""All measurements of devices.

A new one is a module here and an entry in the tuple.
"""

from collections.abc import Collection

from litesmith.device.mcu import MCU
from litesmith.device.measurement import Measurement
from litesmith.device.npu import NPU
from litesmith.errors import MachineError

MEASUREMENTS: tuple[Measurement, ...] = (MCU, NPU)


def require(names: Collection[str]) -> None:
    """Raise `MachineError` unless the tools of the named measurements are installed."""
    missing = [
        f"{measurement.name} ({measurement.package})"
        for measurement in MEASUREMENTS
        if measurement.name in names and not measurement.is_installed
    ]
    if missing:
        raise MachineError(
            f"evaluate.measure asks for {' and '.join(missing)}, which is not installed. Run `make "
            "extras`. Where it cannot be (tflite-micro exists for Linux on x86-64 alone), take it out "
            "of evaluate.measure, or run with `--profile portable`: the results then read 'not "
            "measured'."
        )
