import os
import subprocess
import sys
import time

import psutil
import pytest

from litesmith.data.formats.workers import map_in_order
from litesmith.errors import MachineError


@pytest.mark.parametrize("num_workers", [1, 2])
def test_results_come_in_the_order_of_jobs(num_workers: int) -> None:
    assert list(map_in_order(abs, iter(range(-30, 0)), num_workers)) == list(range(30, 0, -1))


@pytest.mark.parametrize("jobs", [(), (-7,)])
def test_no_process_is_started_for_one_job(
    jobs: tuple[int, ...], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("litesmith.data.formats.workers.ProcessPoolExecutor", None)
    assert list(map_in_order(abs, jobs, 2)) == [abs(job) for job in jobs]


def test_jobs_are_taken_as_they_are_needed() -> None:
    taken = []

    def jobs() -> object:
        for job in range(100):
            taken.append(job)
            yield job

    results = map_in_order(abs, jobs(), 2)
    assert [next(results) for _ in range(3)] == [0, 1, 2]
    assert len(taken) < 15
    results.close()


def test_an_error_of_a_job_is_raised_here() -> None:
    with pytest.raises(ValueError, match="invalid literal"):
        list(map_in_order(int, ["1", "2", "x", "4"], 2))


def test_a_killed_worker_is_told() -> None:
    with pytest.raises(MachineError, match="a worker process was killed, most often because memory ran"):
        list(map_in_order(os._exit, [1, 1, 1], 2))


def test_workers_end_with_the_process_that_started_them() -> None:
    code = "import time; from litesmith.data.formats.workers import map_in_order as m; list(m(time.sleep, [99] * 3, 2))"
    parent = psutil.Process(subprocess.Popen([sys.executable, "-c", code]).pid)
    workers: list[psutil.Process] = []
    deadline = time.monotonic() + 60
    while len(workers) < 2 and time.monotonic() < deadline:
        time.sleep(0.1)
        children = parent.children(recursive=True)
        workers = [child for child in children if "spawn_main" in " ".join(child.cmdline())]
    time.sleep(0.5)
    parent.kill()
    _, alive = psutil.wait_procs(workers, timeout=20)
    assert len(workers) == 2
    assert alive == []
