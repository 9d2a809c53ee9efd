from dataclasses import replace
from types import SimpleNamespace

import numpy as np
import pytest

from litesmith.judging import timing
from litesmith.judging.timing import Timing, time_in_turns
from litesmith.tflite.runtime import LiteModel
from tests.litesmith.judging.cases import thresholds
from tests.litesmith.make_tiny import TINY, images

PARAMS = thresholds({"latency": {"warmup": 1, "rounds": 8, "runs": 3, "attempts": 3}}).latency
QUIET = Timing(0.2, 0.1, 2.0, (1.9, 2.1), 0.02)


def test_files_take_turns_and_their_times_are_compared_round_by_round(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    models = [LiteModel(TINY / f"{name}.tflite") for name in ("float32", "int8")]
    turns: list[int] = []

    def fake_runs(model: LiteModel, inputs: object, start: int, num_runs: int) -> list[int]:
        turns.append(models.index(model))
        # The host is ten times as slow in every other round, and both files with it.
        slow = 10 if len(turns) % 8 in (3, 4) else 1
        return [slow * 1_000_000 * (3 if turns[-1] == 0 else 1)] * num_runs

    monkeypatch.setattr(timing, "time_runs", fake_runs)
    measured = timing._timed(models[0], models[1], images(9, 1)[0], PARAMS)
    assert turns[:6] == [0, 1, 0, 1, 1, 0]
    assert measured.ratio == 3.0
    assert measured.interval == (3.0, 3.0)
    assert measured.candidate_ms == 3.0


def test_a_file_alone_has_a_time_and_no_ratio() -> None:
    model = LiteModel(TINY / "int8.tflite")
    measured = time_in_turns(model, None, images(9, 1)[0], PARAMS.replace(max_waiting=1.0))
    assert measured.candidate_ms > 0
    assert (measured.released_ms, measured.ratio, measured.interval) == (None, None, None)
    assert 0 <= measured.waiting <= 1


def test_a_loaded_host_is_told() -> None:
    assert QUIET.doubt(PARAMS) == ""
    assert replace(QUIET, ratio=None, interval=None).doubt(PARAMS) == ""
    waited = replace(QUIET, waiting=0.25).doubt(PARAMS)
    assert waited.startswith("the process waited for a processor in 25 % of the timed seconds")
    unsure = replace(QUIET, interval=(1.7, 2.3)).doubt(PARAMS)
    assert unsure.startswith(
        "the ratio of the two files' times lies between 1.70 and 2.30, which is wider"
    )


def test_it_is_tried_again_until_the_host_is_quiet(monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    outcomes = [replace(QUIET, waiting=0.5), replace(QUIET, waiting=0.5), QUIET, QUIET]
    monkeypatch.setattr(timing, "time", SimpleNamespace(sleep=waits.append))
    monkeypatch.setattr(timing, "_timed", lambda *_: outcomes.pop(0))
    model = LiteModel(TINY / "int8.tflite")
    assert time_in_turns(model, None, np.empty((0, 8, 8, 1), np.uint8), PARAMS) == QUIET
    assert waits == [2.0, 4.0]
    outcomes[:] = [replace(QUIET, waiting=0.5)] * 3
    assert time_in_turns(model, None, np.empty((0, 8, 8, 1), np.uint8), PARAMS).waiting == 0.5
