"""Output that goes to terminals, pipes and files that are gone, closed or full."""

import os
import pty
import subprocess
import sys
import time
from pathlib import Path

import pytest

from tasks.terminal import printable

ROOT = Path(__file__).parents[2]

# A command that goes on writing until a file is there, and leaves another one.
_WRITING = """
import argparse, os, sys, time
from tasks.command import run_chosen
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
from tasks.command import run_chosen
parser = argparse.ArgumentParser()
parser.set_defaults(command=lambda _: print("line\\n" * 100000))
sys.exit(run_chosen(parser, []))
"""


# A command that says where its output goes, and lets a child process and a file that is opened take theirs.
_OPENING = """
import argparse, subprocess, sys
from tasks.command import run_chosen
def work(_):
    print("to nowhere", flush=True)
    print("what went wrong", file=sys.stderr, flush=True)
    with open("left", "w") as left:
        left.write(f"file {left.fileno() > 2}, ")
        left.flush()
        subprocess.run([sys.executable, "-c", "print('child', flush=True)"], check=True)
        print("to nowhere still", flush=True)
        left.write("came to its end")
parser = argparse.ArgumentParser()
parser.set_defaults(command=work)
sys.exit(run_chosen(parser, []))
"""


def _command(code: str) -> list[str]:
    return [sys.executable, "-c", code]


def _environment() -> dict[str, str]:
    return {**os.environ, "PYTHONPATH": str(ROOT)}


def test_control_characters_are_written_out() -> None:
    steering = "a\x1b[31m\r\x07\x9b b\n\té\udcff"
    assert printable(steering) == "a\\x1b[31m\\r\\x07\\x9b b\n\té\udcff"
    assert printable(steering, in_line=True) == "a\\x1b[31m\\r\\x07\\x9b b\\n\\té\udcff"


def test_what_goes_on_without_its_terminal_is_not_ended_by_what_it_writes(tmp_path: Path) -> None:
    terminal, end = pty.openpty()
    child = subprocess.Popen(
        _command(_WRITING), cwd=tmp_path, env=_environment(), stdout=end, stderr=end
    )
    os.close(end)
    assert b"to the terminal" in os.read(terminal, 1000)
    os.close(terminal)
    time.sleep(0.5)
    (tmp_path / "enough").touch()
    assert child.wait(30) == 0
    assert (tmp_path / "left").read_text() == "came to its end"


def test_a_reader_that_goes_away_ends_a_command_without_a_traceback(tmp_path: Path) -> None:
    child = subprocess.Popen(
        _command(_MANY_LINES),
        cwd=tmp_path,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
    )
    assert child.stdout is not None and child.stderr is not None
    child.stdout.readline()
    child.stdout.close()
    assert child.stderr.read() == b""
    assert child.wait(30) == 141
    child.stderr.close()


@pytest.mark.parametrize("closed", [">&-", "2>&-", ">&- 2>&-", "<&- >&- 2>&-"])
@pytest.mark.parametrize("locale", ["C.UTF-8", "POSIX"])
def test_output_that_is_closed_ends_nothing_and_is_taken_by_no_file(
    tmp_path: Path, closed: str, locale: str
) -> None:
    (tmp_path / "code.py").write_text(_OPENING)
    shell = f"exec {sys.executable} code.py {closed}"
    child = subprocess.run(
        shell,
        shell=True,
        cwd=tmp_path,
        env={**_environment(), "LC_ALL": locale},
        capture_output=True,
        text=True,
    )
    assert (child.returncode, "Traceback" in child.stderr) == (0, False), child.stderr
    assert (tmp_path / "left").read_text() == "file True, came to its end"


@pytest.mark.skipif(
    not Path("/dev/full").exists(), reason="the system has no device that is always full"
)
@pytest.mark.parametrize("flush", [True, False])
def test_a_disk_that_is_full_of_output_is_explained_without_a_traceback(
    tmp_path: Path, flush: bool
) -> None:
    code = _MANY_LINES if flush else _MANY_LINES.replace("100000", "1")
    with Path("/dev/full").open("wb") as full:
        child = subprocess.run(
            _command(code),
            cwd=tmp_path,
            env=_environment(),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
        )
        assert child.returncode == 1
        assert child.stderr.startswith("error: cannot write a file: the disk is full: free some space")
        assert child.stderr.count("\n") == 1
        mute = subprocess.run(_command(code), cwd=tmp_path, env=_environment(), stdout=full, stderr=full)
        assert mute.returncode == 1
