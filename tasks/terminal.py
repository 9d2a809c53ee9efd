"""Output in any encoding, to streams that may vanish."""

import codecs
import errno
import io
import locale
import os
import select
import sys
import unicodedata
from typing import TYPE_CHECKING, TextIO

if TYPE_CHECKING:
    from _typeshed import ReadableBuffer


def prepare_streams() -> None:
    """Make output survive closed streams and any encoding."""
    _open_closed_streams()
    _outlive_terminal()
    speak_any_encoding()


def _open_closed_streams() -> None:
    """Let closed output (``>&-``) go nowhere, not into opened files."""
    for number in (0, 1, 2):
        try:
            os.fstat(number)
        except OSError:
            # A system gives the lowest number that is free: this one. Child processes get it too.
            os.set_inheritable(os.open(os.devnull, os.O_RDWR), True)
    sys.stdout = sys.stdout or os.fdopen(1, "w", encoding="utf-8", closefd=False)
    sys.stderr = sys.stderr or os.fdopen(2, "w", encoding="utf-8", closefd=False)


def reader_is_gone() -> bool:
    """Return whether the reader is gone (``| head``); then silence output."""
    gone = [number for number in (1, 2) if _is_unread(number)]
    for number in gone:
        _silence(number)
    return bool(gone)


def silence_broken_streams() -> None:
    """Silence broken output, which Python would retry at exit."""
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            _silence(number)


def _silence(number: int) -> None:
    nowhere = os.open(os.devnull, os.O_WRONLY)
    os.dup2(nowhere, number)
    os.close(nowhere)


def _is_unread(number: int) -> bool:
    """Return whether a descriptor is a pipe without a reader."""
    poll = select.poll()
    poll.register(number, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _outlive_terminal() -> None:
    """Let output outlive the terminal that it goes to."""
    if sys.stdout.isatty():
        sys.stdout = _outliving(sys.stdout)
    if sys.stderr.isatty():
        sys.stderr = _outliving(sys.stderr)


def _outliving(stream: TextIO) -> TextIO:
    raw = io.BufferedWriter(_Terminal(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=stream.encoding, errors=stream.errors, line_buffering=True)


class _Terminal(io.FileIO):
    """A terminal that may be closed while written to."""

    def write(self, content: "ReadableBuffer") -> int:
        """Write to the terminal, if it is still there."""
        try:
            return super().write(content)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return memoryview(content).nbytes


def printable(text: str, *, in_line: bool = False) -> str:
    """Return a text without control characters.

    Args:
        text: What is to be printed.
        in_line: Write line breaks and tabs as Python does too, instead of leaving them.
    """
    allowed = "" if in_line else "\n\t"
    return "".join(
        letter if letter in allowed or unicodedata.category(letter) != "Cc" else repr(letter)[1:-1]
        for letter in text
    )


def begin_in_utf8() -> None:
    """Restart in Python's UTF-8 mode under a locale without UTF-8.

    Text files name their encoding where they are opened. File names and words of the command line do
    not: only this mode reads them as they are, for the libraries and the processes below too. What is
    printed stays in the locale's encoding, except ASCII: it is that of ``C``, which says nothing of a
    terminal, and UTF-8 to Python.
    """
    utf8 = {"utf-8"} >= {
        codecs.lookup(name).name for name in (sys.getfilesystemencoding(), locale.getencoding())
    }
    if utf8 or sys.flags.utf8_mode or os.environ.get("PYTHONUTF8") == "1":
        return
    spoken = codecs.lookup(sys.stdout.encoding).name if sys.stdout else "ascii"
    environment = {
        "PYTHONIOENCODING": "utf-8" if spoken == "ascii" else spoken,
        **os.environ,
        "PYTHONUTF8": "1",
    }
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def speak_any_encoding() -> None:
    """Let output take every character, whatever its encoding."""
    codecs.register_error("plain", _plain)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="plain")


def _plain(error: UnicodeError) -> tuple[str | bytes, int]:
    """Replace a character by ASCII; a file name's bytes stay."""
    assert isinstance(error, UnicodeEncodeError)
    character, following = error.object[error.start], error.start + 1
    if "\udc80" <= character <= "\udcff":
        return bytes([ord(character) - 0xDC00]), following
    plain = unicodedata.normalize("NFKD", character).encode("ascii", "ignore").decode("ascii")
    return _NEAREST.get(character) or plain or "?", following


# What the texts of this project use and Unicode knows no plain form of.
_NEAREST = {
    "\u2212": "-",
    "\u2013": "-",
    "\u2014": "-",
    "\u00d7": "x",
    "\u00b1": "+-",
    "\u2192": "->",
    "\u00b7": ".",
}
