"""What the final file takes of the limits of the device."""

from collections.abc import Iterable
from dataclasses import dataclass

from litesmith.device.measurement import MeasuredLimit
from litesmith.params.sections.device import DeviceParams
from litesmith.records.device import DeviceMeasurement, LimitCheck

NOT_ASKED = "evaluate.measure in params.yaml does not ask for it"


@dataclass(frozen=True)
class Need:
    """What a file takes of one limit.

    Attributes:
        name: Of the limit, a key of ``device``.
        label: Of the quantity, in words.
        unit: ``bytes``, ``ms`` or empty.
        value: In that unit, or why nothing measured it.
    """

    name: str
    label: str
    unit: str
    value: float | str


def file_needs(*, tflite_bytes: int, macs: int, activation_bytes: int) -> tuple[Need, ...]:
    """Return what a file takes of the limits that need no tool.

    Args:
        tflite_bytes: Of the file.
        macs: Multiply-accumulates of one answer, all passes of its network together.
        activation_bytes: Peak of live int8 activations, of all passes side by side.
    """
    return (
        Need("max_tflite_bytes", "int8 file", "bytes", tflite_bytes),
        Need("max_macs", "multiply-accumulates of one prediction", "", macs),
        Need("max_activation_bytes", "peak of live activations", "bytes", activation_bytes),
    )


def latency_need(median_ms: float) -> Need:
    """Return what a file takes of the limit on time, measured on this host."""
    return Need("max_latency_ms", "median latency of one image on this host", "ms", median_ms)


def measured_need(limit: MeasuredLimit, measured: DeviceMeasurement | None, file: str) -> Need:
    """Return what a file takes of a limit that a tool measures.

    Args:
        limit: The limit.
        measured: What the tool measured, None if it was not asked for.
        file: Name of the file.
    """
    return Need(limit.name, limit.label, limit.unit, _value(limit.field, measured, file))


def check_limits(device: DeviceParams, needs: Iterable[Need]) -> tuple[LimitCheck, ...]:
    """Hold what a file takes against the limits of the device."""
    limits = device.model_dump()
    return tuple(_check(need, float(limits[need.name])) for need in needs)


def _value(field: str, measured: DeviceMeasurement | None, file: str) -> float | str:
    if measured is None:
        return NOT_ASKED
    if file not in measured.files:
        return f"{measured.tool} measures no file of this precision"
    return measured.files[file].refused or measured.files[file].values[field]


def _check(need: Need, limit: float) -> LimitCheck:
    reason, measured = (need.value, None) if isinstance(need.value, str) else (None, need.value)
    return LimitCheck(
        name=need.name,
        label=need.label,
        unit=need.unit,
        limit=limit,
        measured=measured,
        met=None if measured is None else measured <= limit,
        reason=reason,
    )
