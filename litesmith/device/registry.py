"""All measurements of devices.

A new one is a module here and an entry in the tuple.
"""

from collections.abc import Iterable

from litesmith.device.mcu import MCU
from litesmith.device.measurement import Measurement
from litesmith.device.npu import NPU
from litesmith.errors import MachineError

MEASUREMENTS: tuple[Measurement, ...] = (MCU, NPU)


def require(names: Iterable[str]) -> None:
    """Check that the tools of the measurements asked for are installed.

    Args:
        names: Of registered measurements.

    Raises:
        MachineError: One is not installed.
    """
    wanted = set(names)
    missing = [
        f"{measurement.name} ({measurement.package})"
        for measurement in MEASUREMENTS
        if measurement.name in wanted and not measurement.is_installed
    ]
    if missing:
        raise MachineError(
            f"evaluate.measure asks for {' and '.join(missing)}, which is not installed. Run `make "
            "extras`. Where it cannot be (tflite-micro exists for Linux on x86-64 alone), take it out "
            "of evaluate.measure, or run with `--profile portable`: the results then read 'not measured'."
        )
