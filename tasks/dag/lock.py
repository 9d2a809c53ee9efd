"""One run at a time in a workspace, however it was started."""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import IO

import psutil
from pydantic import AwareDatetime, BaseModel, ConfigDict, ValidationError

from litesmith.errors import BusyError, MachineError
from litesmith.files import explaining
from tasks import catalog

# Set by a holder for the commands it starts, so that they work under its lock.
HOLDER = "LITESMITH_LOCK_HOLDER"

_STEP_PATIENCE_S = 10.0
_UNNAMED = (
    "a process that cannot be named here "
    "(it has just begun, is just ending, or runs in another container)"
)


class _Holder(BaseModel):
    """The process that holds a lock, as the lock's file names it."""

    model_config = ConfigDict(frozen=True)

    command: str
    pid: int
    since: AwareDatetime

    @property
    def process(self) -> str:
        """The process in words."""
        return f"pid {self.pid}, since {self.since.isoformat()}"


def this_command() -> str:
    """Return the command line of this process, which names it to others."""
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
        else:
            holder = _holder(file)
            if holder is None or str(holder.pid) != os.environ.get(HOLDER):
                raise BusyError(_refusal(holder))
        yield


@contextmanager
def stepping(root: Path) -> Iterator[None]:
    """Be the only step that runs in the workspace.

    A step whose flow was killed notices that within a second or two, and until then it still writes,
    while the flow's lock is free already.

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
    """Return the step that runs in the workspace, and since when."""
    path = root / catalog.STEP_LOCK
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        holder = _holder(file)
    return (holder.command.split()[-1], holder.since) if holder else None


@contextmanager
def serving_alone(root: Path) -> Iterator[None]:
    """Be the only one that serves the project's deployments.

    A second one would take the runs of the first for dead.

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
    """Name this process in a locked file while the block lasts."""
    since = datetime.now(UTC).replace(microsecond=0)
    with explaining(Path(file.name)):
        # A holder that was killed left its name.
        file.truncate(0)
        file.write(_Holder(command=this_command(), pid=os.getpid(), since=since).model_dump_json())
        file.flush()
    try:
        yield
    finally:
        file.truncate(0)


def _holder(file: IO[str]) -> _Holder | None:
    """Return the holder that the file names, if it runs.

    It names none in the instant between locking and writing, and in that between removing the name and
    letting go; nor after the holder was killed.
    """
    file.seek(0)
    try:
        holder = _Holder.model_validate_json(file.read())
        return holder if holder.command.split() and psutil.pid_exists(holder.pid) else None
    except (ValidationError, UnicodeDecodeError, OverflowError):
        return None


def _refusal(holder: _Holder | None) -> str:
    if holder is None:
        return f"this workspace is busy: held by {_UNNAMED}. One run at a time: try again in a moment."
    return (
        f"this workspace is busy: `{holder.command}` holds it ({holder.process}). "
        f"One run at a time: wait for it, or stop it with `kill {holder.pid}`."
    )


def _second_server(holder: _Holder | None) -> str:
    if holder is None:
        return (
            f"this project is served already: by {_UNNAMED}. "
            "Order runs from that one, or try again in a moment."
        )
    return (
        f"this project is served already: `{holder.command}` does it ({holder.process}). "
        f"Order runs from that one, or stop it with `kill {holder.pid}`."
    )
