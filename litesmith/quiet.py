"""Keep native libraries from talking on the terminal."""

import os
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager


@contextmanager
def hushed() -> Iterator[Callable[[], str]]:
    """Capture file descriptor 2, which native code writes to directly.

    Yields:
        A function that returns what was said so far, for an error message.
    """
    sys.stderr.flush()
    with tempfile.TemporaryFile() as kept:
        terminal = os.dup(2)
        os.dup2(kept.fileno(), 2)
        try:
            # pread, as reading would move the place where the next words go
            yield lambda: os.pread(kept.fileno(), os.fstat(kept.fileno()).st_size, 0).decode(
                errors="replace"
            )
        finally:
            sys.stderr.flush()
            os.dup2(terminal, 2)
            os.close(terminal)
