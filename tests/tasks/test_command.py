import argparse
import os
import shlex
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import flows.__main__
import tasks.__main__
from tasks.command import Parser, run_chosen

ROOT = Path(__file__).parents[2]
PARSERS = {"tasks": tasks.__main__._parser, "flows": flows.__main__._parser}


def _all(parser: argparse.ArgumentParser) -> Iterator[argparse.ArgumentParser]:
    """Yield a parser and those of its commands."""
    yield parser
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            for below in action.choices.values():
                yield from _all(below)


@pytest.mark.parametrize("package", PARSERS)
@pytest.mark.parametrize("columns", [80, 60])
def test_help_fits_the_terminal(package: str, columns: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", str(columns))
    helps = [parser.format_help() for parser in _all(PARSERS[package]())]
    # An example is a command to copy, which is not broken.
    lines = [
        line
        for text in helps
        for line in text.partition("examples:")[0].splitlines()
        if not line.startswith("  ") or not line.strip().startswith("python -m ")
    ]
    assert [line for line in lines if len(line) > columns] == []
    assert [line for text in helps for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("package", PARSERS)
def test_the_help_shows_each_command_once_with_an_example(package: str) -> None:
    parser = PARSERS[package]()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    assert isinstance(parser, Parser)
    assert sorted(name for group in parser.groups.values() for name in group) == sorted(commands.choices)
    text = parser.format_help()
    for title in parser.groups:
        assert f"\n{title}:\n" in text
    for name in commands.choices:
        assert f"\n  {name} " in text and f" python -m {package} {name}" in text


@pytest.mark.parametrize("package", PARSERS)
def test_each_command_has_a_description(package: str) -> None:
    _, *commands = _all(PARSERS[package]())
    assert [parser.prog for parser in commands if not (parser.description or "").strip()] == []


@pytest.mark.parametrize("package", PARSERS)
def test_each_command_has_examples_that_are_command_lines_of_it(package: str) -> None:
    parser = PARSERS[package]()
    (commands,) = (
        action for action in parser._actions if isinstance(action, argparse._SubParsersAction)
    )
    for name, command in commands.choices.items():
        title, *examples = (command.epilog or "").splitlines()
        own = [line for line in examples if line.startswith(f"  python -m {package} {name}")]
        assert title == "examples:" and own, name
        for line in own:
            parser.parse_args(shlex.split(line, comments=True)[3:])


# A command that prints that it has begun, waits to be stopped, and prints a last line.
_WAITING = """
import argparse, sys, time
from tasks.command import Parser, run_chosen
def wait(_):
    try:
        print("begun", flush=True)
        time.sleep(60)
    finally:
        open("left", "a").write("ended")
        print("a last word")
parser = argparse.ArgumentParser()
parser.set_defaults(command=wait)
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
def test_a_command_that_is_stopped_ends_in_order(tmp_path: Path, number: signal.Signals) -> None:
    child = subprocess.Popen(
        _command(_WAITING),
        cwd=tmp_path,
        env=_environment(),
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    child.send_signal(number)
    output, error = child.communicate(timeout=30)
    assert (child.returncode, output) == (130, "a last word\n")
    assert error == "stopped; the next run goes on from here\n"
    assert (tmp_path / "left").read_text() == "ended"


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


def test_hanging_up_twice_does_not_disturb_the_ending(tmp_path: Path) -> None:
    code = _WAITING.replace(
        "    finally:\n", "    finally:\n        print('busy', flush=True); time.sleep(0.5)\n"
    )
    child = subprocess.Popen(
        _command(code), cwd=tmp_path, env=_environment(), stdout=subprocess.PIPE, text=True
    )
    assert child.stdout is not None
    assert child.stdout.readline() == "begun\n"
    child.send_signal(signal.SIGHUP)
    assert child.stdout.readline() == "busy\n"
    child.send_signal(signal.SIGHUP)
    child.communicate(timeout=30)
    assert child.returncode == 130
    assert (tmp_path / "left").read_text() == "ended"


def test_a_pipe_that_breaks_elsewhere_is_not_hidden() -> None:
    def _break(_: argparse.Namespace) -> None:
        raise BrokenPipeError("to somebody else")

    with pytest.raises(BrokenPipeError):
        run_chosen(_chosen(_break), [])


def test_the_signals_of_the_caller_are_as_before() -> None:
    before = signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)
    assert run_chosen(_chosen(lambda _: None), []) == 0
    assert (signal.getsignal(signal.SIGTERM), signal.getsignal(signal.SIGHUP)) == before


def test_a_command_may_run_in_another_thread() -> None:
    codes: list[int] = []
    thread = threading.Thread(target=lambda: codes.append(run_chosen(_chosen(lambda _: None), [])))
    thread.start()
    thread.join()
    assert codes == [0]
