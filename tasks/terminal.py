"""What every command line of the project does alike: run the command that was chosen and tell how it ended."""

import argparse
import logging
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any, NoReturn

from litesmith.errors import LitesmithError, did_you_mean


class Parser(argparse.ArgumentParser):
    """A parser of a command line that names, for a word which it does not know, the nearest one that it does."""

    def _check_value(self, action: argparse.Action, value: Any) -> None:
        """Refuse a value that is no choice; before Python 3.14, argparse has no other place to say more about it."""
        choices = list(action.choices or ())
        if choices and value not in choices:
            known = ", ".join(str(choice) for choice in choices)
            told = f"there is no {value!r}.{did_you_mean(value, map(str, choices))} Known here: {known}."
            raise argparse.ArgumentError(action, told)

    def error(self, message: str) -> NoReturn:
        """Print the usage and the message, with the option that was meant by an unknown one, and exit with code 2."""
        if message.startswith(_UNRECOGNIZED):
            word = message.removeprefix(_UNRECOGNIZED).split()[0]
            message += "." + did_you_mean(word.partition("=")[0], _options(self))
        super().error(message)


_UNRECOGNIZED = "unrecognized arguments: "


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the long options of a parser and of those of its commands."""
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _options(inner)


def run_chosen(parser: argparse.ArgumentParser, arguments: Sequence[str] | None, hint: str = "") -> int:
    """Run the command that the arguments choose and return its exit code.

    Errors made on purpose are shown without a traceback.

    Args:
        parser: Whose commands set ``command``, a function of the parsed arguments.
        arguments: The words of the command line; None for those of this process.
        hint: Written below an error.
    """
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    chosen = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = chosen.command
    try:
        command(chosen)
    except LitesmithError as error:
        print(f"error: {error}{hint}", file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the next run goes on from here", file=sys.stderr)
        return 130
    return 0
