"""What every command line of the project does alike: run the command that was chosen and tell how it ended."""

import argparse
import codecs
import errno
import io
import locale
import logging
import os
import select
import signal
import sys
import threading
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, Any, NoReturn, TextIO, TypeAlias

from litesmith.errors import LitesmithError, did_you_mean
from tasks.dag.user import provide_user
from tasks.dag.watch import heed_hang_up

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# The exit codes by which a shell knows a command that was stopped, and one whose reader went away.
_STOPPED = 130
_NO_READER = 141


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


Commands: TypeAlias = "argparse._SubParsersAction[Parser]"
"""To what a parser's commands are added."""

_UNRECOGNIZED = "unrecognized arguments: "


def _options(parser: argparse.ArgumentParser) -> Iterator[str]:
    """Yield the long options of a parser and of those of its commands."""
    for action in parser._actions:
        yield from (option for option in action.option_strings if option.startswith("--"))
        if isinstance(action, argparse._SubParsersAction):
            for inner in action.choices.values():
                yield from _options(inner)


_EXAMPLES = "examples:"


class HelpFormatter(argparse.HelpFormatter):
    """Fits help into the terminal, but for examples, whose lines stay as they are."""

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
        epilog="\n  ".join([_EXAMPLES, *examples]),
        formatter_class=HelpFormatter,
    )
    parser.set_defaults(command=run)
    return parser


def run_chosen(parser: argparse.ArgumentParser, arguments: Sequence[str] | None, hint: str = "") -> int:
    """Run the command that the arguments choose and return its exit code.

    Errors made on purpose are shown without a traceback. SIGTERM, and SIGHUP where it is not ignored, end the command
    like Ctrl-C, so that all that it started is stopped and what is to be written down is.

    Args:
        parser: Whose commands set ``command``, a function of the parsed arguments.
        arguments: The words of the command line; None for those of this process.
        hint: Written below an error.
    """
    _outlive_terminal()
    speak_any_encoding()
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    chosen = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = chosen.command
    try:
        provide_user(Path.cwd())
        with _heeding_signals():
            command(chosen)
        sys.stdout.flush()
    except LitesmithError as error:
        print(printable(f"error: {error}{hint}"), file=sys.stderr)
        return 1
    except KeyboardInterrupt:
        print("stopped; the next run goes on from here", file=sys.stderr)
        return _STOPPED
    except BrokenPipeError:
        if not _reader_is_gone():
            raise
        return _NO_READER
    return 0


@contextmanager
def _heeding_signals() -> Iterator[None]:
    """Let SIGTERM, and SIGHUP where it is not ignored, end the block like Ctrl-C."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = {number: signal.getsignal(number) for number in (signal.SIGTERM, signal.SIGHUP)}
    signal.signal(signal.SIGTERM, _stop)
    heed_hang_up()
    try:
        yield
    finally:
        for number, handler in before.items():
            signal.signal(number, handler or signal.SIG_DFL)


def _stop(_number: int, _frame: FrameType | None) -> NoReturn:
    raise KeyboardInterrupt


def _reader_is_gone() -> bool:
    """Tell whether nobody reads what is written here any more (``| head``); what is still to come goes nowhere then."""
    gone = [number for number in (1, 2) if _is_unread(number)]
    for number in gone:
        os.dup2(os.open(os.devnull, os.O_WRONLY), number)
    return bool(gone)


def _is_unread(number: int) -> bool:
    """Tell whether a file descriptor is the end of a pipe whose other end is closed."""
    poll = select.poll()
    poll.register(number, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _outlive_terminal() -> None:
    """Let what is written to a terminal go nowhere once it is gone, instead of ending what goes on without it."""
    if sys.stdout is not None and sys.stdout.isatty():
        sys.stdout = _outliving(sys.stdout)
    if sys.stderr is not None and sys.stderr.isatty():
        sys.stderr = _outliving(sys.stderr)


def _outliving(stream: TextIO) -> TextIO:
    raw = io.BufferedWriter(_Terminal(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=stream.encoding, errors=stream.errors, line_buffering=True)


class _Terminal(io.FileIO):
    """A terminal that may be closed while something is still written to it."""

    def write(self, content: "ReadableBuffer") -> int:
        """Write to the terminal, if it is still there."""
        try:
            return super().write(content)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return memoryview(content).nbytes


def printable(text: str, *, in_line: bool = False) -> str:
    """Return a text that does not steer the terminal: names of files may hold any character.

    Args:
        text: What is to be printed.
        in_line: Write line breaks and tabs as Python does too, instead of leaving them.
    """
    kept = "" if in_line else "\n\t"
    return "".join(
        letter if letter in kept or unicodedata.category(letter) != "Cc" else repr(letter)[1:-1] for letter in text
    )


def begin_in_utf8() -> None:
    """Begin this process anew in Python's UTF-8 mode if the locale is of another encoding; else return.

    Text files name their encoding where they are opened. File names and words of the command line do not: only this
    mode reads them as they are, for the libraries and the processes below too. What is printed stays in the encoding
    that the locale has, but for ASCII: that of ``C``, which says nothing of a terminal, and UTF-8 to Python by itself.
    """
    utf8 = {"utf-8"} >= {codecs.lookup(name).name for name in (sys.getfilesystemencoding(), locale.getencoding())}
    if utf8 or sys.flags.utf8_mode or os.environ.get("PYTHONUTF8") == "1":
        return
    spoken = codecs.lookup(sys.stdout.encoding).name
    environment = {"PYTHONIOENCODING": "utf-8" if spoken == "ascii" else spoken, **os.environ, "PYTHONUTF8": "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def speak_any_encoding() -> None:
    """Let this process's output take every character, on terminals and pipes whose encoding is not UTF-8 too."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Stand for a character that an encoding does not have by the nearest of ASCII; a file name's bytes stay."""
    assert isinstance(error, UnicodeEncodeError)
    character, following = error.object[error.start], error.start + 1
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), following
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
    return _NEAREST.get(character) or plain or "?", following


# What the texts of this project use and Unicode knows no plain form of.
_NEAREST = {"\u2212": "-", "\u2013": "-", "\u2014": "-", "\u00d7": "x", "\u00b1": "+-", "\u2192": "->", "\u00b7": "."}
