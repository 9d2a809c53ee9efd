import argparse
import shlex
from collections.abc import Iterator

import pytest

import flows.__main__
import tasks.__main__
from tasks.terminal import printable

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
    lines = [line for text in helps for line in text.partition("examples:")[0].splitlines()]
    assert [line for line in lines if len(line) > columns] == []
    assert [line for text in helps for line in text.splitlines() if len(line) > 80] == []


@pytest.mark.parametrize("package", PARSERS)
def test_each_command_says_what_it_does(package: str) -> None:
    _, *commands = _all(PARSERS[package]())
    assert [parser.prog for parser in commands if not (parser.description or "").strip()] == []


@pytest.mark.parametrize("package", PARSERS)
def test_each_command_has_examples_that_are_command_lines_of_it(package: str) -> None:
    parser = PARSERS[package]()
    (commands,) = (action for action in parser._actions if isinstance(action, argparse._SubParsersAction))
    for name, command in commands.choices.items():
        title, *examples = (command.epilog or "").splitlines()
        own = [line for line in examples if line.startswith(f"  python -m {package} {name}")]
        assert title == "examples:" and own, name
        for line in own:
            parser.parse_args(shlex.split(line, comments=True)[3:])


def test_control_characters_are_written_out() -> None:
    steering = "a\x1b[31m\r\x07\x9b b\n\té\udcff"
    assert printable(steering) == "a\\x1b[31m\\r\\x07\\x9b b\n\té\udcff"
    assert printable(steering, in_line=True) == "a\\x1b[31m\\r\\x07\\x9b b\\n\\té\udcff"
