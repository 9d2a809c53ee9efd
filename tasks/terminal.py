"""Output in any encoding, to streams that may close."""

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
    if sys.stdout.isatty():
        sys.stdout = _outliving(sys.stdout)
    if sys.stderr.isatty():
        sys.stderr = _outliving(sys.stderr)
    accept_any_character()


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
    unread = [number for number in (1, 2) if _is_unread(number)]
    for number in unread:
        _silence(number)
    return bool(unread)


def silence_broken_streams() -> None:
    """Silence broken output, which Python would retry at exit."""
    for stream, number in ((sys.stdout, 1), (sys.stderr, 2)):
        try:
            stream.flush()
        except OSError:
            _silence(number)


def _silence(number: int) -> None:
    null = os.open(os.devnull, os.O_WRONLY)
    os.dup2(null, number)
    os.close(null)


def _is_unread(number: int) -> bool:
    """Return whether a descriptor is a pipe without a reader."""
    poll = select.poll()
    poll.register(number, 0)
    return any(event & (select.POLLERR | select.POLLHUP) for _, event in poll.poll(0))


def _outliving(stream: TextIO) -> TextIO:
    """Return a stream to the same terminal that outlives it."""
    raw = io.BufferedWriter(_Terminal(stream.fileno(), "w", closefd=False))
    return io.TextIOWrapper(raw, encoding=stream.encoding, errors=stream.errors, line_buffering=True)


class _Terminal(io.FileIO):
    def write(self, content: "ReadableBuffer") -> int:
        """Write to the terminal, if it is still open."""
        try:
            return super().write(content)
        except OSError as error:
            if error.errno != errno.EIO:
                raise
            return memoryview(content).nbytes


def printable(text: str, *, in_line: bool = False) -> str:
    """Escape control characters, with ``in_line`` also line breaks and tabs."""
    allowed = "" if in_line else "\n\t"
    return "".join(
        letter if letter in allowed or unicodedata.category(letter) != "Cc" else repr(letter)[1:-1]
        for letter in text
    )


def begin_in_utf8() -> None:
    """Restart in Python's UTF-8 mode under a locale without UTF-8.

    Text files name their encoding where they are opened. File names and words of the command line need
    this mode, in libraries and child processes too. Output stays in the locale's encoding, except ASCII:
    that is the encoding of ``C``, which tells nothing about a terminal.
    """
    encodings = (sys.getfilesystemencoding(), locale.getencoding())
    is_utf8 = all(codecs.lookup(name).name == "utf-8" for name in encodings)
    if is_utf8 or sys.flags.utf8_mode or os.environ.get("PYTHONUTF8") == "1":
        return
    output = codecs.lookup(sys.stdout.encoding).name if sys.stdout else "ascii"
    output = "utf-8" if output == "ascii" else output
    environment = {"PYTHONIOENCODING": output, **os.environ, "PYTHONUTF8": "1"}
    os.execve(sys.executable, [sys.executable, *sys.orig_argv[1:]], environment)


def accept_any_character() -> None:
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


# Characters of this project's texts for which Unicode has no plain form.
_NEAREST = dict.fromkeys("\u2212\u2013\u2014", "-")
_NEAREST |= {"\u00d7": "x", "\u00b1": "+-", "\u2192": "->", "\u00b7": "."}
