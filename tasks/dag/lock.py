"""One run at a time in a workspace, however it was started."""

import fcntl
import os
import sys
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
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
# The id of the run that ordered a step, set by the flow for pages and records; no number depends on it.
RUN_VARIABLE = "LITESMITH_RUN"

_STEP_PATIENCE_S = 10.0
_BATCHES_PATIENCE_S = 600.0
_RELEASES_PATIENCE_S = 30.0
# What is refused, and what can be done besides stopping the other process.
_BUSY = ("this workspace is busy: held", "One run at a time: wait for it")
_SERVED = ("this project is served already:", "Order runs from that process")
_CHANGED = ("the batches are being changed:", "One change at a time: wait for it")
_FILLED = ("the regression set is being changed:", "One change at a time: wait for it")
_MOVED = ("the releases are being changed", "One change at a time: wait for it")
_UNNAMED = "a process that cannot be named here (it is beginning or ending, or in another container)"


class _Holder(BaseModel):
    """The process that holds a lock, as written in the lock's file."""

    model_config = ConfigDict(frozen=True)

    command: str
    pid: int
    since: AwareDatetime


def this_command() -> str:
    """Return the command line of this process, for the lock's file."""
    return " ".join(["python", *sys.orig_argv[1:]])


@contextmanager
def holding(root: Path) -> Iterator[None]:
    """Hold the workspace's lock, or work under the holder that started this process.

    The operating system frees the lock when its holder ends, however it ends.

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
                raise BusyError(_refusal(holder, _BUSY))
        yield


def stepping(root: Path) -> AbstractContextManager[None]:
    """Hold the lock of the one step that runs in the workspace.

    A step whose flow was killed notices that within a second or two, and until then it still writes,
    while the flow's lock is free already.

    Raises:
        BusyError: Another step is still running after the wait; the text names it.
        MachineError: The lock file cannot be written.
    """
    return _only_holder(root / catalog.STEP_LOCK, _BUSY, _STEP_PATIENCE_S)


def running_step(root: Path) -> tuple[str, datetime] | None:
    """Return the step that runs in the workspace, and since when."""
    path = root / catalog.STEP_LOCK
    if not path.is_file():
        return None
    with path.open(encoding="utf-8") as file:
        holder = _holder(file)
    return (holder.command.split()[-1], holder.since) if holder else None


def holding_command(root: Path) -> str:
    """Return the command that holds the workspace, this one if none does."""
    path = root / catalog.LOCK
    if not path.is_file():
        return this_command()
    with path.open(encoding="utf-8") as file:
        holder = _holder(file)
    return holder.command if holder else this_command()


def serving_alone(root: Path) -> AbstractContextManager[None]:
    """Hold the lock of the one process that serves the project's deployments.

    A second server would take the runs of the first for dead.

    Raises:
        BusyError: Another process serves it already; the text names it.
        MachineError: The lock file cannot be written.
    """
    return _only_holder(root / catalog.SERVE_LOCK, _SERVED)


def changing_batches(root: Path) -> AbstractContextManager[None]:
    """Hold the lock of the one process that changes batches.

    Raises:
        BusyError: Another process holds it for long; the text names it.
        MachineError: The lock file cannot be written.
    """
    return _only_holder(root / catalog.BATCHES_LOCK, _CHANGED, _BATCHES_PATIENCE_S)


def changing_regressions(root: Path) -> AbstractContextManager[None]:
    """Hold the lock of the one process that changes the regression set.

    Raises:
        BusyError: Another process holds it for long; the text names it.
        MachineError: The lock file cannot be written.
    """
    return _only_holder(root / catalog.REGRESSIONS_LOCK, _FILLED, _BATCHES_PATIENCE_S)


def changing_releases(root: Path) -> AbstractContextManager[None]:
    """Hold the lock of the one process that changes the registry of releases.

    Raises:
        BusyError: Another process holds it for long; the text names it.
        MachineError: The lock file cannot be written.
    """
    return _only_holder(root / catalog.RELEASES_LOCK, _MOVED, _RELEASES_PATIENCE_S)


@contextmanager
def _only_holder(path: Path, refused: tuple[str, str], patience_s: float = 0.0) -> Iterator[None]:
    with _opened(path) as file:
        deadline = time.monotonic() + patience_s
        while _taken(file):
            if time.monotonic() > deadline:
                raise BusyError(_refusal(_holder(file), refused))
            time.sleep(0.1)
        with _naming_this(file):
            yield


def lock_environment() -> dict[str, str]:
    """Return the variables by which child processes work under this lock."""
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
    """Lock the file; return whether another process has the lock."""
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

    There is no name between locking and writing, nor between removing the name and releasing the lock.
    """
    file.seek(0)
    try:
        holder = _Holder.model_validate_json(file.read())
        return holder if holder.command.split() and psutil.pid_exists(holder.pid) else None
    except (ValidationError, UnicodeDecodeError, OverflowError):
        return None


def _refusal(holder: _Holder | None, refused: tuple[str, str]) -> str:
    what, advice = refused
    if holder is None:
        return f"{what} by {_UNNAMED}. {advice}, or try again in a moment."
    process = f"`{holder.command}` (pid {holder.pid}, since {holder.since.isoformat()})"
    return f"{what} by {process}. {advice}, or stop it with `kill {holder.pid}`."
