from collections.abc import Iterator
from itertools import count

import pytest

from litesmith.tflite import latency
from litesmith.tflite.latency import measure_latency
from litesmith.tflite.runtime import LiteModel
from tests.litesmith.make_tiny import TINY, images

FILES = {name: TINY / f"{name}.tflite" for name in ("float32", "int8", "dynamic")}


@pytest.fixture
def order(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[str]]:
    """Return the input types in the order in which models ran; the clock ticks a millisecond at each look."""
    ran: list[str] = []
    invoke = LiteModel.invoke

    def noting(self: LiteModel) -> None:
        ran.append(self.input.dtype)
        invoke(self)

    monkeypatch.setattr(LiteModel, "invoke", noting)
    ticks = count(step=1_000_000)
    monkeypatch.setattr(latency.time, "perf_counter_ns", lambda: next(ticks))
    yield ran


def test_files_take_turns_and_each_begins_a_round(order: list[str]) -> None:
    files = {name: FILES[name] for name in ("float32", "int8")}
    measure_latency(files, images(4, seed=2)[0], num_warmup=1, num_rounds=2, runs_per_round=2)
    warmup, first, second = order[:2], order[2:6], order[6:]
    assert warmup == ["float32", "int8"]
    assert first == ["float32", "float32", "int8", "int8"]
    assert second == ["int8", "int8", "float32", "float32"]


def test_times_are_those_of_the_clock_in_milliseconds(order: list[str]) -> None:
    measured = measure_latency(FILES, images(4, seed=2)[0], num_warmup=0, num_rounds=3, runs_per_round=5)
    assert set(measured) == set(FILES)
    assert {(file.median_ms, file.p90_ms, file.p99_ms) for file in measured.values()} == {
        (1.0, 1.0, 1.0)
    }
    assert len(order) == 3 * 3 * 5


def test_percentiles_of_uneven_times() -> None:
    summary = latency._summary([1_000_000] * 90 + [11_000_000] * 10)
    assert (summary.median_ms, summary.p99_ms) == (1.0, 11.0)
    assert 1 <= summary.p90_ms < 3
