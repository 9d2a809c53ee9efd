import time
from pathlib import Path

import pytest

from benchmarks import spent
from benchmarks.spent import counting, total
from litesmith.files import write_json
from litesmith.host import cpu_seconds


def busy(seconds: float) -> None:
    """Compute for so many CPU-seconds."""
    until = time.process_time() + seconds
    while time.process_time() < until:
        pass


def test_work_is_counted_and_waiting_is_not() -> None:
    before = cpu_seconds()
    time.sleep(0.3)
    waited = cpu_seconds()
    busy(0.3)
    assert waited - before < 0.2
    assert cpu_seconds() - waited >= 0.25  # the system counts in hundredths of a second


def test_processes_add_up(tmp_path: Path) -> None:
    write_json(tmp_path / "spent-1-10.json", {"cpu_s": 12.25})
    write_json(tmp_path / "spent-2-11.json", {"cpu_s": 30.5})
    write_json(tmp_path / "made.json", {"cpu_s": 99.0})
    assert total(tmp_path) == 42.8


def test_nothing_noted_is_nothing_spent(tmp_path: Path) -> None:
    assert total(tmp_path) == 0


def test_what_is_noted_before_a_kill_counts(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(spent, "_EVERY_S", 0.05)
    with counting(tmp_path):
        busy(0.5)
        time.sleep(0.2)
        noted = total(tmp_path)
    assert noted >= 0.3
    assert total(tmp_path) >= noted


def test_an_error_is_counted_too(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="broken"), counting(tmp_path):
        busy(0.2)
        raise ValueError("broken")
    assert total(tmp_path) >= 0.1
