"""What every command line of the project does alike: run the command that was chosen and tell how it ended."""

import argparse
import logging
import sys
from collections.abc import Callable, Sequence

from litesmith.errors import LitesmithError


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
