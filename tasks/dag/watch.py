"""The end of a process whose starter or terminal is gone.

After ``kill -9`` of a flow or of DVC nobody else can: an orphaned training would go on for an hour and
then overwrite outputs that another run has made meanwhile.
"""

import logging
import os
import signal
import threading
import time
from types import FrameType

import psutil

# Set by a flow for the commands it starts: "<pid>:<start time>", so that a pid used again is not
# mistaken for it.
STARTER = "LITESMITH_STARTER"

_POLL_S = 1.0
_SHELLS = {"sh", "bash", "dash", "zsh", "fish", "ksh", "ash", "busybox", "csh", "tcsh", "nu"}
_LOG = logging.getLogger(__name__)


def starter_environment() -> dict[str, str]:
    """Return the variables that make a child process stop when this process is gone."""
    return {STARTER: f"{os.getpid()}:{psutil.Process().create_time()}"}


def watch_starters() -> None:
    """Watch the flow and the DVC command that started this process."""
    _watch([*_named_starter(), *_dvc_command()])


def watch_parent() -> None:
    """Watch, from a daemon thread, the process that started this one."""
    _watch([psutil.Process().parent()])


def end_on_hang_up() -> None:
    """Treat SIGHUP, which a closed terminal sends, as SIGTERM, unless it is ignored (``nohup``).

    Only the main thread can; elsewhere nothing changes.
    """
    is_main = threading.current_thread() is threading.main_thread()
    if is_main and signal.getsignal(signal.SIGHUP) is not signal.SIG_IGN:
        signal.signal(signal.SIGHUP, _terminate)


def _terminate(_number: int, _frame: FrameType | None) -> None:
    """End this process as SIGTERM does, once: shell and system both send SIGHUP."""
    signal.signal(signal.SIGHUP, _do_nothing)
    signal.raise_signal(signal.SIGTERM)


def _do_nothing(_number: int, _frame: FrameType | None) -> None:
    """Let a signal pass; children would inherit that it is ignored."""


def stop_children(process: psutil.Process) -> None:
    """Kill every descendant of ``process``, and wait until they are gone."""
    kill_all(process.children(recursive=True))


def stop_tree(pid: int) -> None:
    """Kill a process with every descendant, and wait for their end."""
    try:
        process = psutil.Process(pid)
        kill_all([process, *process.children(recursive=True)])
    except psutil.NoSuchProcess:
        return


def kill_all(processes: list[psutil.Process]) -> None:
    """Kill processes that may be gone already, and wait until they are gone."""
    for process in processes:
        try:
            process.kill()
        except psutil.NoSuchProcess:
            continue
    psutil.wait_procs(processes, timeout=5)


def _watch(starters: list[psutil.Process | None]) -> None:
    threading.Thread(target=_stop_after, args=(starters,), name="watch-starters", daemon=True).start()


def _stop_after(starters: list[psutil.Process | None]) -> None:
    """End this process tree once one of its starters is gone."""
    while all(
        starter is not None and starter.is_running() and not _is_zombie(starter) for starter in starters
    ):
        time.sleep(_POLL_S)
    _LOG.error("whoever started this process is gone: stopping")
    stop_children(psutil.Process())
    os._exit(1)


def _is_zombie(process: psutil.Process) -> bool:
    try:
        return bool(process.status() == psutil.STATUS_ZOMBIE)
    except psutil.NoSuchProcess:
        return True


def _named_starter() -> list[psutil.Process | None]:
    """Return the process that the environment names, None if gone."""
    if STARTER not in os.environ:
        return []
    pid, _, started = os.environ[STARTER].partition(":")
    try:
        process = psutil.Process(int(pid))
    except psutil.NoSuchProcess:
        return [None]
    return [process if process.create_time() == float(started) else None]


def _dvc_command() -> list[psutil.Process | None]:
    """Return the DVC command that runs this stage, None if it is gone already.

    It is the nearest ancestor that is no shell. What lost its parent is handed to the first process of
    the system.
    """
    if "DVC_STAGE" not in os.environ:
        return []
    nearest = next((each for each in psutil.Process().parents() if each.name() not in _SHELLS), None)
    orphaned = nearest is not None and nearest.pid == 1 and "dvc" not in " ".join(nearest.cmdline())
    return [None if orphaned else nearest]
