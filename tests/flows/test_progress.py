import io

import pytest

from flows.ledger import Outcome
from flows.progress import Forecast, Progress

ORDER = ["fetch", "baseline", "sweep"]


def test_time_left_is_what_an_earlier_run_took() -> None:
    forecast = Forecast({"fetch": 10, "baseline": 100, "sweep": 400}, ORDER)
    assert forecast.left_s("fetch", 4) == 506
    assert forecast.left_s("sweep", 150) == 250


def test_time_left_follows_the_pace_of_this_run() -> None:
    expected = {"fetch": 10, "baseline": 100, "sweep": 400}
    usual, slower = (Forecast(expected, ORDER, {"fetch": 10, "baseline": took}) for took in (100, 200))
    assert usual.left_s("sweep", 50) == 350
    # a tenth of the whole, 51 seconds, counts as having gone as before
    assert slower.left_s("sweep", 50) == pytest.approx(400 * (51 + 210) / (51 + 110) - 50)


def test_the_short_first_steps_do_not_swing_the_time_left() -> None:
    expected = {"fetch": 0.7, "baseline": 300.0, "sweep": 1200.0}
    at_rest = Forecast(expected, ORDER).left_s("fetch", 0)
    after_a_slow_fetch = Forecast(expected, ORDER, {"fetch": 5.0}).left_s("baseline", 0)
    assert at_rest is not None
    assert after_a_slow_fetch == pytest.approx(at_rest, rel=0.05)


def test_a_stage_over_its_time_slows_what_is_still_to_come_without_a_jump() -> None:
    forecast = Forecast({"baseline": 100, "sweep": 400}, ORDER[1:])
    assert forecast.left_s("baseline", 100) == 400
    assert forecast.left_s("baseline", 100.01) == pytest.approx(400, abs=0.1)
    assert forecast.left_s("baseline", 250) == pytest.approx(400 * (50 + 250) / (50 + 100))


def test_time_left_is_unknown_where_a_stage_never_ran() -> None:
    assert Forecast({"fetch": 10, "baseline": 100}, ORDER).left_s("baseline", 1) is None


def _lines(expected_s: dict[str, float], *, tty: bool) -> str:
    stream = io.StringIO()
    stream.isatty = lambda: tty  # type: ignore[method-assign]
    progress = Progress(stream)
    progress.plan(ORDER, expected_s)
    progress.begin("fetch")
    progress.end(Outcome.UP_TO_DATE)
    progress.begin("baseline")
    progress.line("epoch 3/10")
    progress.line("epoch 4/10")
    progress.end(Outcome.COMPLETED)
    progress.begin("sweep")
    progress.fail()
    return stream.getvalue()


def test_a_pipe_gets_a_line_now_and_then() -> None:
    assert _lines({"fetch": 1, "baseline": 100, "sweep": 200}, tty=False).splitlines() == [
        "[1/3] fetch: nothing to do",
        "[2/3] baseline ... epoch 3/10, about 5 min 0 s left in all",
        "[2/3] baseline: done in 0 s",
        "[3/3] sweep: failed",
    ]


def test_a_terminal_gets_one_line_redrawn() -> None:
    shown = _lines({}, tty=True)
    assert "\r\x1b[K[2/3] baseline ... epoch 4/10, time left unknown (no earlier run)" in shown
    assert shown.endswith("\r\x1b[K[3/3] sweep: failed\n")
