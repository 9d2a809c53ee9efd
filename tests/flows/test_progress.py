import io

import pytest

from flows.ledger import Outcome
from flows.progress import Forecast, Progress, duration

ORDER = ["fetch", "baseline", "sweep"]


def test_time_left_is_what_an_earlier_run_took() -> None:
    forecast = Forecast({"fetch": 10, "baseline": 100, "sweep": 400}, ORDER)
    assert forecast.left_s("fetch", 4) == 506
    assert forecast.left_s("sweep", 150) == 250


def test_time_left_is_scaled_by_how_this_run_went_so_far() -> None:
    forecast = Forecast({"fetch": 10, "baseline": 100, "sweep": 400}, ORDER, {"fetch": 20})
    assert forecast.left_s("baseline", 50) == 2 * 100 - 50 + 2 * 400


def test_a_stage_that_takes_longer_than_expected_counts_as_about_done() -> None:
    assert Forecast({"baseline": 100, "sweep": 400}, ORDER).left_s("baseline", 170) == 400


def test_time_left_is_unknown_where_a_stage_never_ran() -> None:
    assert Forecast({"fetch": 10, "baseline": 100}, ORDER).left_s("baseline", 1) is None


@pytest.mark.parametrize(
    ("seconds", "words"), [(0.4, "0 s"), (59.4, "59 s"), (754, "12 min 34 s"), (3600, "1 h 0 min"), (4000, "1 h 6 min")]
)
def test_durations_read_well(seconds: float, words: str) -> None:
    assert duration(seconds) == words


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
