"""Tests of litesmith.device.limit_checks."""

import pytest

from litesmith.device.limit_checks import NOT_REQUESTED, check_cost, check_latency, check_measured
from litesmith.device.limits import Cost
from litesmith.device.measurement import MeasuredLimit
from litesmith.params.sections.device import DeviceParams
from litesmith.records.device import DeviceMeasurement, LimitCheck, MeasuredFile

DEVICE = DeviceParams(
    max_tflite_bytes=100, max_macs=12, max_activation_bytes=64, max_arena_bytes=50, max_latency_ms=0.1
)
ARENA = MeasuredLimit("max_arena_bytes", "arena_bytes", "arena", "bytes")
MEASURED = DeviceMeasurement(
    title="Memory",
    tool="Tool 1",
    caption="",
    columns=(),
    files={
        "a": MeasuredFile(values={"arena_bytes": 60}, refused=None),
        "b": MeasuredFile(values={}, refused="no kernel"),
    },
)


def check(limit: float, measured: float | None, reason: str | None) -> LimitCheck:
    met = None if measured is None else measured <= limit
    return LimitCheck(
        name="max_arena_bytes", label="arena", unit="bytes",
        limit=limit, measured=measured, met=met, reason=reason,
    )  # fmt: skip


def test_a_file_is_checked_against_the_limit_of_the_same_name() -> None:
    checks = [*check_cost(DEVICE, Cost(90, 12, 65)), check_latency(DEVICE, 0.2)]
    assert [(check.name, check.measured, check.limit, check.met) for check in checks] == [
        ("max_tflite_bytes", 90, 100, True),
        ("max_macs", 12, 12, True),
        ("max_activation_bytes", 65, 64, False),
        ("max_latency_ms", 0.2, 0.1, False),
    ]
    assert checks[0].label == "int8 file"


@pytest.mark.parametrize(
    ("file", "measured", "value", "reason"),
    [
        ("a", MEASURED, 60, None),
        ("b", MEASURED, None, "no kernel"),
        ("c", MEASURED, None, "Tool 1 measures no file of this precision"),
        ("a", None, None, NOT_REQUESTED),
    ],
)
def test_a_limit_is_measured_or_has_a_reason(
    file: str, measured: DeviceMeasurement | None, value: float | None, reason: str | None
) -> None:
    assert check_measured(DEVICE, ARENA, measured, file) == check(50, value, reason)
