"""Tests of benchmarks.render."""

from typing import Any

from benchmarks.render import claims


def a_round(wall_s: float, page_bytes: int = 500_000, digest: str = "a") -> dict[str, Any]:
    return {
        "wall_s": wall_s,
        "cpu_s": 4.0,
        "page_bytes": page_bytes,
        "sha256": {"reports/report.html": digest},
    }


def test_median_largest_page_and_equal_bytes_are_claimed() -> None:
    time, size, same = claims([a_round(5), a_round(30), a_round(7, 600_000)], 0.5)
    assert (time.measured, time.verdict(time.must)) == (7, "not met")
    assert time.note == "median of 3; load 0.5 as it began, 4.0 CPU-seconds"
    assert (size.measured, same.measured, same.verdict(same.must)) == (600_000, 1, "met")


def test_one_rendering_of_other_bytes_breaks_the_claim() -> None:
    *_, same = claims([a_round(5), a_round(5, digest="b"), a_round(5), a_round(5)], 0.5)
    assert (same.measured, same.verdict(same.must)) == (0.75, "not met")
