"""One run at a time in a workspace, whichever door it came through."""

import fcntl
import json
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO, Any

import psutil

from litesmith.errors import BusyError, MachineError
from litesmith.files import explaining
from tasks import catalog

# Set by a holder for the commands it starts, so that they work under its lock.
HOLDER = "LITESMITH_LOCK_HOLDER"

_STEP_PATIENCE_S = 10.0
_UNNAMED = "a process that cannot be named here (it has just begun, is just ending, or runs in another container)"


def this_command() -> str:
    """Return how this process was started, as others are told who holds a workspace."""
    return " ".join(["python", *sys.orig_argv[1:]])


@contextmanager
def holding(root: Path) -> Iterator[None]:
    """Hold the workspace's lock, or work under the holder that started this process.

    The operating system frees the lock when its holder ends, however it ends.

    Args:
        root: The workspace's folder.

    Raises:
        BusyError: Another run holds it; the text names its command, its pid and since when.
        MachineError: The lock file cannot be written.
    """
    with _opened(root / catalog.LOCK) as file, ExitStack() as named:
        if not _taken(file):
            named.enter_context(_naming_this(file))
        elif _holder(file).get("pid") != int(os.environ.get(HOLDER, 0)):
            raise BusyError(_refusal(_holder(file)))
        yield


@contextmanager
def stepping(root: Path) -> Iterator[None]:
    """Be the only step that runs in the workspace; wait a moment for one that is about to stop.

    A step whose flow was killed notices that within a second or two, and until then it still writes, while the flow's
    lock is free already.

    Args:
        root: The workspace's folder.

    Raises:
        BusyError: Another step is still running after the wait; the text names it.
        MachineError: The lock file cannot be written.
    """
    with _opened(root / catalog.STEP_LOCK) as file:
        deadline = time.monotonic() + _STEP_PATIENCE_S
        while _taken(file):
            if time.monotonic() > deadline:
                raise BusyError(_refusal(_holder(file)))
            time.sleep(0.1)
        with _naming_this(file):
            yield


def running_step(root: Path) -> tuple[str, datetime] | None:
    """Return the name of the step that runs in the workspace, and since when; None while none does."""
    path = root / catalog.STEP_LOCK
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        holder = _holder(file)
    return (holder["command"].split()[-1], datetime.fromisoformat(holder["since"])) if holder else None


@contextmanager
def serving_alone(root: Path) -> Iterator[None]:
    """Be the only one that serves the project's deployments: a second would take the first one's runs for dead.

    Args:
        root: The project's folder.

    Raises:
        BusyError: Another serves it already; the text names it.
        MachineError: The lock file cannot be written.
    """
    with _opened(root / catalog.SERVE_LOCK) as file:
        if _taken(file):
            raise BusyError(_second_server(_holder(file)))
        with _naming_this(file):
            yield


def lock_environment() -> dict[str, str]:
    """Return the variables that let a child process work under this process's lock."""
    return {HOLDER: str(os.getpid())}


def _opened(path: Path) -> IO[str]:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        return path.open("a+", encoding="utf-8")
    except OSError as error:
        raise MachineError(
            f"cannot write {path}: {error.strerror}. The workspace's folder must be writable."
        ) from error


def _taken(file: IO[str]) -> bool:
    """Try to lock the file; tell whether another process has it."""
    try:
        fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    return False


@contextmanager
def _naming_this(file: IO[str]) -> Iterator[None]:
    """Let a locked file name this process for as long as the block lasts, and nobody after it."""
    since = datetime.now(UTC).isoformat(timespec="seconds")
    with explaining(Path(file.name)):
        # A holder that was killed left its name.
        file.truncate(0)
        json.dump({"command": this_command(), "pid": os.getpid(), "since": since}, file)
        file.flush()
    try:
        yield
    finally:
        file.truncate(0)


def _holder(file: IO[str]) -> dict[str, Any]:
    """Return what the holder wrote.

    It is empty in the instant between its locking and its writing, and in that between its removing its name and its
    letting go. What a holder that was killed left in the file names nobody, and neither does what nobody here wrote.
    """
    file.seek(0)
    try:
        holder: dict[str, Any] = json.loads(file.read())
        named = (
            holder["command"].split()
            and datetime.fromisoformat(holder["since"])
            and psutil.pid_exists(holder["pid"])
        )
    except (ValueError, LookupError, TypeError, AttributeError, OverflowError):
        return {}
    return holder if named else {}


def _refusal(holder: dict[str, Any]) -> str:
    if not holder:
        return f"this workspace is busy: held by {_UNNAMED}. One run at a time: try again in a moment."
    command, pid, since = holder["command"], holder["pid"], holder["since"]
    return (
        f"this workspace is busy: `{command}` holds it (pid {pid}, since {since}). "
        f"One run at a time: wait for it, or stop it with `kill {pid}`."
    )


def _second_server(holder: dict[str, Any]) -> str:
    if not holder:
        return f"this project is served already: by {_UNNAMED}. Order runs from that one, or try again in a moment."
    command, pid, since = holder["command"], holder["pid"], holder["since"]
    return (
        f"this project is served already: `{command}` does it (pid {pid}, since {since}). "
        f"Order runs from that one, or stop it with `kill {pid}`."
    )
