"""Ending a process whose starter or terminal has ended.

After ``kill -9`` of a flow or of DVC nothing else would: an orphaned training could go on for an hour
and then overwrite the outputs of another run.
"""

import logging
import os
import signal
import threading
import time
from contextlib import suppress
from types import FrameType

import psutil

# Set by a flow for the commands it starts: "<pid>:<start time>", since a pid may be used again.
STARTER = "LITESMITH_STARTER"

_POLL_S = 1.0
_SHELLS = {"sh", "bash", "dash", "zsh", "fish", "ksh", "ash", "busybox", "csh", "tcsh", "nu"}
_LOG = logging.getLogger(__name__)


def starter_environment() -> dict[str, str]:
    """Return the variables by which a child process ends with this process."""
    return {STARTER: f"{os.getpid()}:{psutil.Process().create_time()}"}


def watch_starters() -> None:
    """Watch the flow and the DVC command that started this process."""
    _watch([*_named_starter(), *_dvc_command()])


def watch_parent() -> None:
    """Watch, from a daemon thread, the process that started this one."""
    _watch([psutil.Process().parent()])


def end_on_hang_up() -> None:
    """Treat SIGHUP (a closed terminal) as SIGTERM, unless it is ignored (``nohup``).

    Only the main thread can; elsewhere nothing changes.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _terminate)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """Act like SIGTERM, once: shell and system both send SIGHUP."""
    signal.signal(signal.SIGHUP, _do_nothing)
    signal.raise_signal(signal.SIGTERM)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Let a signal pass; children would inherit that it is ignored."""


def stop_tree(pid: int) -> None:
    """Kill a process with every descendant and wait for their end."""
    with suppress(psutil.NoSuchProcess):
        process = psutil.Process(pid)
        kill_all([process, *process.children(recursive=True)])


def kill_all(processes: list[psutil.Process]) -> None:
    """Kill processes that may have ended, and wait for them."""
    for process in processes:
        with suppress(psutil.NoSuchProcess):
            process.kill()
    psutil.wait_procs(processes, timeout=5)


def _watch(starters: list[psutil.Process | None]) -> None:
    threading.Thread(target=_stop_after, args=(starters,), name="watch-starters", daemon=True).start()


def _stop_after(starters: list[psutil.Process | None]) -> None:
    """End this process tree once one of its starters has ended."""
    while all(starter is not None and _is_alive(starter) for starter in starters):
        time.sleep(_POLL_S)
    _LOG.error("the process that started this one has ended: stopping")
    kill_all(psutil.Process().children(recursive=True))
    os._exit(1)


def _is_alive(process: psutil.Process) -> bool:
    try:
        return process.is_running() and bool(process.status() != psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return False


def _named_starter() -> list[psutil.Process | None]:
    """Return the process that the environment names, None if it has ended."""
    if STARTER not in os.environ:
        return []
    pid, _, started = os.environ[STARTER].partition(":")
    try:
        process = psutil.Process(int(pid))
    except psutil.NoSuchProcess:
        return [None]
    return [process if process.create_time() == float(started) else None]


def _dvc_command() -> list[psutil.Process | None]:
    """Return the DVC command that runs this stage, None if it has ended.

    It is the nearest ancestor that is no shell; an orphan's is the first process of the system.
    """
    if "DVC_STAGE" not in os.environ:
        return []
    ancestors = psutil.Process().parents()
    nearest = next((process for process in ancestors if process.name() not in _SHELLS), None)
    orphaned = nearest is not None and nearest.pid == 1 and "dvc" not in " ".join(nearest.cmdline())
    return [None if orphaned else nearest]
