"""What every command line of the project does alike: run the command that was chosen and tell how it ended."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

from litesmith.errors import LitesmithError

_EXAMPLES = "examples:"


class HelpFormatter(argparse.HelpFormatter):
    """Fits help into the terminal, but for examples, whose lines stay as they are."""

    def _fill_text(self, text: str, width: int, indent: str) -> str:
        return text if text.startswith(_EXAMPLES) else super()._fill_text(text, width, indent)


def add_command(
    commands: "argparse._SubParsersAction[argparse.ArgumentParser]",
    name: str,
    run: Callable[[argparse.Namespace], None],
    summary: str,
    *examples: str,
) -> argparse.ArgumentParser:
    """Add a command and return its parser.

    Args:
        commands: Of the parser that it is added to.
        name: The command's name.
        run: What it does with the parsed arguments.
        summary: What its help says, in its own and in that of all commands.
        examples: Whole command lines, for its own help.
    """
    parser = commands.add_parser(
        name,
        help=summary,
        description=f"{summary[0].upper()}{summary[1:]}.",
        epilog="\n  ".join([_EXAMPLES, *examples]) if examples else None,
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(command=run)
    return parser


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
