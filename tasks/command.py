"""Common parts of the project's command lines."""

import argparse
import logging
import shutil
import signal
import sys
import textwrap
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from types import FrameType, MappingProxyType
from typing import NoReturn, TypeAlias

from litesmith.errors import LitesmithError, did_you_mean
from litesmith.files import explaining
from tasks.dag.user import provide_user
from tasks.dag.watch import end_on_hang_up
from tasks.terminal import prepare_streams, printable, reader_is_gone, silence_broken_streams

# Exit codes of shells for a stopped command, and for one whose output has lost its reader.
_STOPPED, _NO_READER = 130, 141

Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
"""Subparsers, to which commands are added."""

_UNRECOGNIZED = "unrecognized arguments: "
_EXAMPLES = "examples:"


class Parser(argparse.ArgumentParser):
    """A parser that suggests the nearest word it knows.

    Its help shows its commands by purpose, each with an example, where ``groups`` names them all.
    """

    groups: Mapping[str, Sequence[str]] = MappingProxyType({})

    def format_help(self) -> str:
        """Return the help; with groups the commands by purpose, with an example each."""
        if not self.groups:
            return super().format_help()
        width = shutil.get_terminal_size().columns - 2
        head = [self.format_usage(), textwrap.fill(self.description or "", width), ""]
        commands = {name: parser for name, parser in _commands(self) if parser.description}
        column = max(map(len, commands)) + 4
        for title, names in self.groups.items():
            head.append(f"{title}:")
            for name in names:
                head += _with_example(f"  {name}".ljust(column), commands[name], width)
            head.append("")
        return "\n".join([*head, textwrap.fill(self.epilog or "", width), ""])

    def _check_value(self, action: argparse.Action, value: object) -> None:
        """Refuse an unknown value with a suggestion, as Python 3.14 does."""
        choices = list(action.choices or ())
        if choices and value not in choices:
            known = list(map(str, choices))
            text = f"there is no {value!r}.{did_you_mean(value, known)} Known here: {', '.join(known)}."
            raise argparse.ArgumentError(action, text)

    def error(self, message: str) -> NoReturn:
        """Print usage and message with a suggestion; exit with 2."""
        if message.startswith(_UNRECOGNIZED):
            word = message.removeprefix(_UNRECOGNIZED).split()[0]
            message += "." + did_you_mean(word.partition("=")[0], _options(self))
        super().error(message)


def _commands(parser: argparse.ArgumentParser) -> Iterator[tuple[str, argparse.ArgumentParser]]:
    """Yield the commands of a parser by name."""
    for action in parser._actions:
        if isinstance(action, argparse._SubParsersAction):
            yield from action.choices.items()


def _with_example(name: str, parser: argparse.ArgumentParser, width: int) -> list[str]:
    """Return what a command does and its first example, which is not broken."""
    text = parser.description or ""
    summary = f"{text[:1].lower()}{text[1:].removesuffix('.')}"
    below = " " * len(name)
    lines = textwrap.wrap(summary, width, initial_indent=name, subsequent_indent=below)
    example = (parser.epilog or "").removeprefix(_EXAMPLES).strip().partition("\n")[0]
    return [*lines, f"{below}{example}"]


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the long options of a parser and its commands."""
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _options(inner)


class HelpFormatter(argparse.HelpFormatter):
    """A formatter that leaves the lines of examples alone."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(_EXAMPLES) else super()._fill_text(text, width, indent)


def add_command(
    commands: Commands,
    name: str,
    run: Callable[[argparse.Namespace], None],
    *,
    summary: str,
    examples: Sequence[str],
) -> Parser:
    """Add a command, which calls ``run`` with the parsed arguments, and return its parser.

    Its help and that of all commands show ``summary``; its own also ``examples``, whole command lines.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="\n  ".join([_EXAMPLES, *examples]),
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(command=run)
    return parser


def add_data(parser: argparse.ArgumentParser) -> None:
    """Add the option that names a data set."""
    parser.add_argument(
        "--data", metavar="NAME", help="the data set datasets/NAME.yaml; by default the project's own"
    )


def add_choice(parser: argparse.ArgumentParser, profile_help: str) -> None:
    """Add the options that name a data set and profiles."""
    add_data(parser)
    parser.add_argument("--profile", metavar="NAME", action="append", help=profile_help)


def run_chosen(parser: argparse.ArgumentParser, arguments: Sequence[str] | None, hint: str = "") -> int:
    """Run the chosen command and return its exit code.

    A `LitesmithError` is shown without a traceback. SIGTERM, and SIGHUP where it is not ignored, end the
    command like Ctrl-C, so that its children are stopped and its records written.

    Args:
        parser: As extended by `add_command`.
        arguments: The words of the command line; None for those of this process.
        hint: Written below an error.
    """
    prepare_streams()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    chosen = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = chosen.command
    try:
        provide_user(Path.cwd())
        with _ending_on_signals(), explaining():
            command(chosen)
            sys.stdout.flush()
    except LitesmithError as error:
        _print_error(f"error: {error}{hint}")
        return 1
    except KeyboardInterrupt:
        _print_error("stopped; the next run goes on from here")
        return _STOPPED
    except BrokenPipeError:
        if not reader_is_gone():
            raise
        return _NO_READER
    finally:
        silence_broken_streams()
    return 0


def _print_error(text: str) -> None:
    """Print an error, if there is anywhere to print it."""
    with suppress(OSError):
        print(printable(text), file=sys.stderr)


@contextmanager
def _ending_on_signals() -> Iterator[None]:
    """Let SIGTERM, and SIGHUP unless ignored, act like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, _stop)
    end_on_hang_up()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt
