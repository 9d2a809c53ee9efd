import pytest

from litesmith.judging.gates import gate
from litesmith.wording import amount, count, plainly, points, times


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (amount(65_536.0), "65\u2009536"),
        (amount(0.25), "0.250"),
        (count(1234567), "1\u2009234\u2009567"),
        (points(-0.0126), "\u22121.26"),
        (points(-0.000001), "0.00"),
        (times(2.0, "smaller"), "2.0 times smaller"),
        (times(0.5, "smaller"), "2.0 times larger"),
        (times(0.5, "faster"), "2.0 times slower"),
        (times(1.01, "faster"), "the same"),
    ],
)
def test_numbers_are_written_for_reading(written: str, expected: str) -> None:
    assert written == expected


def test_decisions_write_numbers_as_pages_do() -> None:
    """Where nothing differed they wrote +0.00 or even \u22120.00 points, which pages do not."""
    assert gate.points(0.0) == gate.points(-0.000001) == "0.00 points"
    assert gate.points(-0.0031) == "\u22120.31 points"
    assert (gate.percent(0.9352), gate.unsigned_points(0.0031)) == ("93.52 %", "0.31 points")


@pytest.mark.parametrize(
    ("value", "written"), [(True, "yes"), (False, "no"), (0.1 + 0.2, "0.3"), (3, "3"), ("a", "a")]
)
def test_a_value_of_any_kind_is_written_plainly(value: bool | float | str, written: str) -> None:
    assert plainly(value) == written
