import pytest

pytestmark = pytest.mark.slow


def test_an_accuracy_is_reached_by_the_way_that_is_there_first() -> None:
    from benchmarks.time_to_accuracy import Point, reached

    short = [Point(10.0, 0.80), Point(20.0, 0.90)]
    long = [Point(15.0, 0.70), Point(30.0, 0.92), Point(45.0, 0.94)]
    assert reached([short, long], 0.90) == 20.0
    assert reached([short, long], 0.91) == 30.0
    assert reached([short, long], 0.95) is None


def test_the_best_of_the_plain_way_is_the_mark() -> None:
    from benchmarks.time_to_accuracy import Point, compare

    plain = [Point(100.0, 0.90), Point(200.0, 0.91), Point(300.0, 0.905)]
    ratio, claim = compare(plain, [[Point(40.0, 0.92)]], 0.25, 0.15)
    assert ratio == {"accuracy": 0.91, "plain_cpu_s": 200.0, "ours_cpu_s": 40.0, "ratio": 0.2}
    assert claim.to_plain()["verdict"] == "met"


def test_a_way_that_never_gets_there_has_missed() -> None:
    from benchmarks.time_to_accuracy import Point, compare

    ratio, claim = compare([Point(100.0, 0.95)], [[Point(40.0, 0.92)]], 0.25, 0.15)
    assert (ratio["ours_cpu_s"], ratio["ratio"]) == (None, None)
    assert claim.to_plain()["verdict"] == "not met"
