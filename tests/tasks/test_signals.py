import argparse
import os
import pty
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from tasks.terminal import run_chosen

ROOT = Path(__file__).parents[2]

# A command that says that it has begun, then waits to be stopped, and says what it does last.
_WAITING = """
import argparse, sys, time
from tasks.terminal import run_chosen
def wait(_):
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        open("left", "a").write("wound up")
        print("a last word")
parser = argparse.ArgumentParser()
parser.set_defaults(command=wait)
sys.exit(run_chosen(parser, []))
"""

# A command that goes on writing until a file is there, and leaves another one.
_WRITING = """
import argparse, os, sys, time
from tasks.terminal import run_chosen
def write(_):
    while not os.path.exists("enough"):
        print("to the terminal", flush=True)
        print("and what went wrong", file=sys.stderr, flush=True)
        time.sleep(0.05)
    open("left", "w").write("came to its end")
parser = argparse.ArgumentParser()
parser.set_defaults(command=write)
sys.exit(run_chosen(parser, []))
"""

_MANY_LINES = """
import argparse, sys
from tasks.terminal import run_chosen
parser = argparse.ArgumentParser()
parser.set_defaults(command=lambda _: print("line\\n" * 100000))
sys.exit(run_chosen(parser, []))
"""


def _command(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def _chosen(command: Callable[[argparse.Namespace], None]) -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser()
    parser.set_defaults(command=command)
    return parser


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGHUP])
def test_a_command_that_is_stopped_winds_up_and_says_so(tmp_path: Path, number: signal.Signals) -> None:
    child = subprocess.Popen(
        _command(_WAITING), cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    child.send_signal(number)
    said, error = child.communicate(timeout=30)
    assert (child.returncode, said) == (130, "a last word\n")
    assert error == "stopped; the next run goes on from here\n"
    assert (tmp_path / "left").read_text() == "wound up"


def test_under_nohup_a_terminal_that_is_closed_stops_nothing(tmp_path: Path) -> None:
    child = subprocess.Popen(
        ["nohup", *_command(_WAITING)], cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE,
        stderr=subprocess.PIPE, text=True,
    )  # fmt: skip
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    child.send_signal(signal.SIGHUP)
    time.sleep(0.5)
    assert child.poll() is None
    child.terminate()
    child.communicate(timeout=30)
    assert child.returncode == 130


def test_hanging_up_twice_does_not_disturb_the_winding_up(tmp_path: Path) -> None:
    code = _WAITING.replace("    finally:\n", "    finally:\n        print('busy', flush=True); time.sleep(0.5)\n")
    child = subprocess.Popen(_command(code), cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, text=True)
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    child.send_signal(signal.SIGHUP)
    assert child.stdout.readline() == "busy\n"
    child.send_signal(signal.SIGHUP)
    child.communicate(timeout=30)
    assert child.returncode == 130
    assert (tmp_path / "left").read_text() == "wound up"


def test_what_goes_on_without_its_terminal_is_not_ended_by_what_it_writes(tmp_path: Path) -> None:
    terminal, end = pty.openpty()
    child = subprocess.Popen(_command(_WRITING), cwd=tmp_path, env=_environment(), stdout=end, stderr=end)
    os.close(end)
    assert b"to the terminal" in os.read(terminal, 1000)
    os.close(terminal)
    time.sleep(0.5)
    (tmp_path / "enough").touch()
    assert child.wait(30) == 0
    assert (tmp_path / "left").read_text() == "came to its end"


def test_a_reader_that_goes_away_ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    child = subprocess.Popen(
        _command(_MANY_LINES), cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, stderr=subprocess.PIPE
    )
    assert child.stdout is not None and child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(30) == 141
    child.stderr.close()


def test_a_pipe_that_breaks_elsewhere_is_not_hidden() -> None:
    def _break(_: argparse.Namespace) -> None:
        raise BrokenPipeError("to somebody else")

    with pytest.raises(BrokenPipeError):
        run_chosen(_chosen(_break), [])


def test_the_signals_of_who_calls_are_as_before() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
    assert run_chosen(_chosen(lambda _: None), []) == 0
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)) == before


def test_a_command_may_run_in_another_thread() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run_chosen(_chosen(lambda _: None), [])))
    thread.start()
    thread.join()
    assert codes == [0]
