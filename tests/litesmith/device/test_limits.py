from litesmith.device.limits import Cost, broken_limits, search_limits
from litesmith.params.sections.device import Budget, HardLimits


def test_every_broken_limit_is_named() -> None:
    text = broken_limits(
        Cost(30, 20, 10), HardLimits(max_tflite_bytes=29, max_macs=20, max_activation_bytes=9)
    )
    assert text == "int8 file of 30 bytes, limit 29; activations of 10 bytes, limit 9"


def test_a_search_keeps_to_its_budget_and_to_the_device_where_that_has_none() -> None:
    device = HardLimits(max_tflite_bytes=30, max_macs=20, max_activation_bytes=10)
    budget = Budget(max_tflite_bytes=None, max_macs=7, max_activation_bytes=10)
    assert search_limits(device, budget) == HardLimits(
        max_tflite_bytes=30, max_macs=7, max_activation_bytes=10
    )
