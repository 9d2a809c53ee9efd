from litesmith.device.limits import Cost, broken_limits
from litesmith.params.sections.device import HardLimits


def test_every_broken_limit_is_named() -> None:
    reason = broken_limits(
        Cost(30, 20, 10), HardLimits(max_tflite_bytes=29, max_macs=20, max_activation_bytes=9)
    )
    assert reason == "int8 file of 30 bytes, limit 29; activations of 10 bytes, limit 9"
