from litesmith.device.limits import Cost, Limits, broken_limits


def test_every_broken_limit_is_named() -> None:
    said = broken_limits(Cost(30, 20, 10), Limits(29, 20, 9))
    assert said == "int8 file of 30 bytes, limit 29; activations of 10 bytes, limit 9"
