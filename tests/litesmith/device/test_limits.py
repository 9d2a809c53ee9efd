from litesmith.device.limits import Cost, Limits, broken_limits, check_limits
from litesmith.params.sections.device import DeviceParams
from litesmith.records.device import LimitCheck


def test_every_broken_limit_is_named() -> None:
    said = broken_limits(Cost(30, 20, 10), Limits(29, 20, 9))
    assert said == "int8 file of 30 bytes, limit 29; activations of 10 bytes, limit 9"


def test_what_a_file_takes_is_held_against_the_limit_of_the_same_name() -> None:
    device = DeviceParams(
        max_tflite_bytes=100,
        max_macs=12,
        max_activation_bytes=64,
        max_arena_bytes=50,
        max_latency_ms=0.1,
    )
    checks = check_limits(
        device, {"max_macs": 12, "max_latency_ms": 0.2, "max_arena_bytes": "not asked for"}
    )
    assert checks == (
        LimitCheck(name="max_macs", limit=12, measured=12, met=True, reason=None),
        LimitCheck(name="max_latency_ms", limit=0.1, measured=0.2, met=False, reason=None),
        LimitCheck(name="max_arena_bytes", limit=50, measured=None, met=None, reason="not asked for"),
    )
