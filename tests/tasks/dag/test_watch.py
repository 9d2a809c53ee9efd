import os
import signal
import subprocess
import sys
import time
from pathlib import Path

import psutil
import pytest

from litesmith.errors import MachineError
from tasks.dag.watch import STARTER, starter_environment
from tasks.dag.workers import worker_pool

PROJECT = Path(__file__).parents[3]
WORKER = "import time; from tasks.dag.watch import watch_starters; watch_starters(); print('up', flush=True); time.sleep(60)"


def gone_within(pid: int, limit_s: float) -> bool:
    deadline = time.monotonic() + limit_s
    while time.monotonic() < deadline:
        if not psutil.pid_exists(pid) or psutil.Process(pid).status() == psutil.STATUS_ZOMBIE:
            return True
        time.sleep(0.1)
    return False


def start(command: list[str], **environment: str) -> subprocess.Popen[str]:
    inherited = {name: value for name, value in os.environ.items() if name not in (STARTER, "DVC_STAGE")}
    return subprocess.Popen(
        command,
        cwd=PROJECT,
        env={**inherited, **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.DEVNULL,
        text=True,
    )


def first_line(process: subprocess.Popen[str]) -> str:
    assert process.stdout is not None
    return process.stdout.readline().strip()


def test_a_stage_stops_when_its_dvc_command_is_killed(tmp_path: Path) -> None:
    (tmp_path / "stage.py").write_text(WORKER)
    dvc = (
        f"import subprocess; subprocess.run(['sh', '-c', '{sys.executable} {tmp_path}/stage.py; true'])"
    )
    parent = start([sys.executable, "-c", dvc], DVC_STAGE="prune", PYTHONPATH=str(PROJECT))
    assert first_line(parent) == "up"
    below = psutil.Process(parent.pid).children(recursive=True)
    assert len(below) == 2
    parent.kill()
    parent.wait()
    assert all(gone_within(process.pid, 10) for process in below)


def test_a_stage_stops_when_the_flow_it_works_for_is_killed() -> None:
    flow = start([sys.executable, "-c", "import time; time.sleep(60)"])
    named = f"{flow.pid}:{psutil.Process(flow.pid).create_time()}"
    stage = start([sys.executable, "-c", WORKER], **{STARTER: named})
    assert first_line(stage) == "up"
    flow.kill()
    flow.wait()
    assert gone_within(stage.pid, 10)


def test_a_process_that_got_the_pid_later_is_not_mistaken_for_the_starter() -> None:
    stage = start([sys.executable, "-c", WORKER], **{STARTER: f"{os.getpid()}:1.5"})
    assert gone_within(stage.pid, 10)


def test_a_stage_that_nobody_started_for_himself_goes_on() -> None:
    stage = start([sys.executable, "-c", WORKER])
    assert first_line(stage) == "up"
    assert not gone_within(stage.pid, 2.5)
    stage.kill()


def test_workers_stop_when_the_stage_is_killed(tmp_path: Path) -> None:
    code = (
        "import os, time\n"
        "from tasks.dag.workers import worker_pool\n"
        "if __name__ == '__main__':\n"
        "    with worker_pool(2) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        pool.submit(time.sleep, 60).result()\n"
    )
    (tmp_path / "stage.py").write_text(code)
    stage = start([sys.executable, str(tmp_path / "stage.py")], PYTHONPATH=str(PROJECT))
    worker = int(first_line(stage))
    stage.kill()
    stage.wait()
    assert gone_within(worker, 10)


def test_workers_stop_when_the_stage_is_ended(tmp_path: Path) -> None:
    code = (
        "import argparse, os, sys, time\n"
        "from tasks.dag.workers import worker_pool\n"
        "from tasks.command import run_chosen\n"
        "def study(_):\n"
        "    with worker_pool(2) as pool:\n"
        "        print(pool.submit(os.getpid).result(), flush=True)\n"
        "        pool.submit(time.sleep, 60).result()\n"
        "if __name__ == '__main__':\n"
        "    parser = argparse.ArgumentParser()\n"
        "    parser.set_defaults(command=study)\n"
        "    sys.exit(run_chosen(parser, []))\n"
    )
    (tmp_path / "stage.py").write_text(code)
    stage = start([sys.executable, str(tmp_path / "stage.py")], PYTHONPATH=str(PROJECT))
    worker = int(first_line(stage))
    time.sleep(0.3)
    stage.terminate()
    assert stage.wait(10) == 130
    assert gone_within(worker, 1)


def test_what_is_watched_ends_on_a_hang_up_as_it_does_on_sigterm(tmp_path: Path) -> None:
    code = (
        "import signal, sys, time\n"
        "signal.signal(signal.SIGTERM, lambda *_: sys.exit(7))\n"
        "print('up', flush=True)\n"
        "time.sleep(60)\n"
    )
    (tmp_path / "waiting.py").write_text(code)
    path = os.pathsep.join([str(PROJECT), str(tmp_path)])
    child = start([sys.executable, "-m", "flows.serving.watched", "waiting"], PYTHONPATH=path)
    assert first_line(child) == "up"
    child.send_signal(signal.SIGHUP)
    assert child.wait(10) == 7


def test_a_hang_up_that_is_ignored_stays_ignored() -> None:
    code = (
        "import signal; from tasks.dag.watch import end_on_hang_up; signal.signal(signal.SIGHUP, signal.SIG_IGN); "
        "end_on_hang_up(); signal.raise_signal(signal.SIGHUP); print('still here')"
    )
    assert first_line(start([sys.executable, "-c", code])) == "still here"


def test_a_worker_that_is_killed_is_explained() -> None:
    with (
        pytest.raises(MachineError, match=r"a worker process was killed, .* finished work stays\."),
        worker_pool(1) as pool,
    ):
        pool.submit(os._exit, 9).result()


def test_the_environment_names_this_process(monkeypatch: pytest.MonkeyPatch) -> None:
    assert starter_environment()[STARTER].startswith(f"{os.getpid()}:")
