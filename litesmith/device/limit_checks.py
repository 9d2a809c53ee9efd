"""The final file against each limit of the device."""

from litesmith.device.limits import Cost
from litesmith.device.measurement import MeasuredLimit
from litesmith.params.sections.device import DeviceParams
from litesmith.records.device import DeviceMeasurement, LimitCheck

NOT_REQUESTED = "evaluate.measure in params.yaml does not ask for it"


def check_cost(device: DeviceParams, cost: Cost) -> tuple[LimitCheck, ...]:
    """Check the limits that need no tool, for all passes together."""
    return (
        _check(device, "max_tflite_bytes", "int8 file", "bytes", cost.tflite_bytes),
        _check(device, "max_macs", "multiply-accumulates of one prediction", "", cost.macs),
        _check(
            device, "max_activation_bytes", "peak of live activations", "bytes", cost.activation_bytes
        ),
    )


def check_latency(device: DeviceParams, median_ms: float) -> LimitCheck:
    """Check the limit on time, measured on this host."""
    return _check(device, "max_latency_ms", "median latency of one image on this host", "ms", median_ms)


def check_measured(
    device: DeviceParams, limit: MeasuredLimit, measured: DeviceMeasurement | None, file: str
) -> LimitCheck:
    """Check a limit that a tool measures.

    Args:
        device: All limits.
        limit: The limit.
        measured: What the tool measured, None if it was not requested.
        file: Name of the file.
    """
    value: float | str
    if measured is None:
        value = NOT_REQUESTED
    elif file not in measured.files:
        value = f"{measured.tool} measures no file of this precision"
    else:
        value = measured.files[file].refused or measured.files[file].values[limit.column]
    return _check(device, limit.name, limit.label, limit.unit, value)


def _check(device: DeviceParams, name: str, label: str, unit: str, value: float | str) -> LimitCheck:
    """Compare a value with a limit, or say why there is none."""
    limit = float(getattr(device, name))
    if isinstance(value, str):
        return LimitCheck(
            name=name, label=label, unit=unit, limit=limit, measured=None, met=None, reason=value
        )
    met = value <= limit
    return LimitCheck(
        name=name, label=label, unit=unit, limit=limit, measured=value, met=met, reason=None
    )
