"""What every command line of the project does alike: run the command that was chosen and tell how it ended."""

import argparse
import errno
import io
import logging
import os
import select
import signal
import sys
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING, NoReturn, TextIO

from litesmith.errors import LitesmithError
from tasks.dag.user import provide_user
from tasks.dag.watch import heed_hang_up

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer

# The exit codes by which a shell knows a command that was stopped, and one whose reader went away.
_STOPPED = 130
_NO_READER = 141


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
    logging.basicConfig(level=logging.INFO, format="%(message)s", stream=sys.stderr)
    chosen = parser.parse_args(arguments)
    command: Callable[[argparse.Namespace], None] = chosen.command
    try:
        provide_user(Path.cwd())
        with _heeding_signals():
            command(chosen)
        sys.stdout.flush()
    except LitesmithError as error:
        print(f"error: {error}{hint}", file=sys.stderr)
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
    return io.TextIOWrapper(raw, stream.encoding, stream.errors, line_buffering=True)


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
