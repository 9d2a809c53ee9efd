"""Capture of what native libraries write to the terminal."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def hushed() -> Iterator[Callable[[], str]]:
    """Capture file descriptor 2, which native code writes to directly.

    Yields:
        A function that returns the output so far, for an error message.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as captured:
        terminal = os.dup(2)
        os.dup2(captured.fileno(), 2)
        try:
            # pread, as reading would move the place where the next words go
            number = captured.fileno()
            yield lambda: os.pread(number, os.fstat(number).st_size, 0).decode(errors="replace")
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
