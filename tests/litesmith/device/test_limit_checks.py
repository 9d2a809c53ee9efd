"""Tests of litesmith.device.limit_checks."""

import pytest

from litesmith.device.limit_checks import (
    NOT_ASKED,
    Need,
    check_limits,
    file_needs,
    latency_need,
    measured_need,
)
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


def test_what_a_file_takes_is_held_against_the_limit_of_the_same_name() -> None:
    needs = [*file_needs(tflite_bytes=90, macs=12, activation_bytes=65), latency_need(0.2)]
    checks = check_limits(DEVICE, [*needs, Need("max_arena_bytes", "arena", "bytes", "no tool")])
    assert [(check.name, check.met) for check in checks] == [
        ("max_tflite_bytes", True),
        ("max_macs", True),
        ("max_activation_bytes", False),
        ("max_latency_ms", False),
        ("max_arena_bytes", None),
    ]
    assert checks[-1] == LimitCheck(
        name="max_arena_bytes", label="arena", unit="bytes", limit=50, measured=None, met=None, reason="no tool"
    )  # fmt: skip
    assert checks[0].label == "int8 file"


@pytest.mark.parametrize(
    ("file", "measured", "value"),
    [
        ("a", MEASURED, 60),
        ("b", MEASURED, "no kernel"),
        ("c", MEASURED, "Tool 1 measures no file of this precision"),
        ("a", None, NOT_ASKED),
    ],
)
def test_what_no_tool_measured_has_a_reason(
    file: str, measured: DeviceMeasurement | None, value: float | str
) -> None:
    assert measured_need(ARENA, measured, file) == Need("max_arena_bytes", "arena", "bytes", value)
