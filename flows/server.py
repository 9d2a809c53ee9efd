"""Prefect's server and worker as children of a run: on this machine only, without telemetry, gone when it is gone."""

import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil

from litesmith.errors import MachineError
from tasks.dag.watch import kill_all, starter_environment

HOME = Path(".litesmith/prefect")
_HOST = "127.0.0.1"
_SERVER = ("prefect", "server", "start")
_START_S = 120.0
_STOP_S = 10.0


def prefect_environment(project: Path) -> dict[str, str]:
    """Return the settings of every Prefect process of the project: where it keeps things, what it does not send."""
    return {
        "PREFECT_HOME": str(project / HOME),
        "PREFECT_SERVER_ANALYTICS_ENABLED": "false",
        "PREFECT_CLOUD_ENABLE_ORCHESTRATION_TELEMETRY": "false",
        "DO_NOT_TRACK": "1",
        # A proxy must not be asked for this machine. Python reads the lower-case name first where both are set.
        **{name: _with_host(os.environ.get(name, "")) for name in ("NO_PROXY", "no_proxy")},
        "PREFECT_LOGGING_CONFIG_PATH": str(Path(__file__).with_name("logging.yml")),
    }


def use_prefect_environment(project: Path) -> None:
    """Apply the settings to this process, before it imports Prefect; what a user chose for Prefect itself stays."""
    chosen = {name for name in os.environ if name.startswith("PREFECT_")}
    os.environ.update({name: value for name, value in prefect_environment(project).items() if name not in chosen})


@contextmanager
def server(
    project: Path, port: int | None = None, *, meanwhile: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """Run a Prefect server for as long as the block lasts.

    Args:
        project: The project's folder; runs are kept in SQLite below it.
        port: The port to listen on; any free one if None.
        meanwhile: Called with the address once the server begins to start, which takes seconds.

    Yields:
        The address of its API, for ``PREFECT_API_URL``.

    Raises:
        MachineError: The port is taken, or the server does not answer within two minutes.
    """
    port = _free_port(port or 0)
    url = f"http://{_HOST}:{port}/api"
    command = [*_SERVER, "--host", _HOST, "--port", str(port), "--log-level", "ERROR"]
    log = project / HOME / "server.log"
    with watched(command, {**prefect_environment(project), "PREFECT_API_URL": url}, log) as child:
        meanwhile(url)
        _wait_until_healthy(url, child, log)
        yield url


def require_answer(url: str) -> None:
    """Look for the server that the environment names.

    Raises:
        MachineError: It does not answer.
    """
    if not _is_healthy(url):
        raise MachineError(
            f"no Prefect server answers at {url}, which PREFECT_API_URL names. Start it (`make serve`), or unset the "
            "variable: the run then starts a server of its own."
        )


def server_cpu_s() -> float | None:
    """Return the CPU-seconds that the server started by this process has used so far, None if it started none."""
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if child.cmdline()[1:6] == ["-m", "flows.watched", *_SERVER[:3]]:
                spent = [one.cpu_times() for one in (child, *child.children(recursive=True))]
                return round(sum(one.user + one.system for one in spent), 2)
    return None


@contextmanager
def watched(command: list[str], environment: Mapping[str, str], log: Path) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module in a child process for as long as the block lasts; it ends when this process ends.

    It is in a process group of its own: Ctrl-C reaches the run first, which then still has a server to tell.
    """
    log.parent.mkdir(parents=True, exist_ok=True)
    with log.open("ab") as stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "flows.watched", *command],
            env={**os.environ, **environment, **starter_environment()},
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            process_group=0,
        )
    try:
        yield child
    finally:
        _stop(child)


def _stop(child: subprocess.Popen[bytes]) -> None:
    """Ask a child to end, first what it runs: a worker waits for that. Kill it if it does not, and what it leaves."""
    if child.poll() is not None:
        return
    process = psutil.Process(child.pid)
    below = process.children(recursive=True)
    for run in process.children():
        run.terminate()
    child.terminate()
    try:
        child.wait(_STOP_S)
    except subprocess.TimeoutExpired:
        child.kill()
        child.wait()
    kill_all(below)


def _with_host(hosts: str) -> str:
    """Return a list of hosts that no proxy is asked for, with this machine among them."""
    named = [host for host in hosts.split(",") if host]
    return ",".join([*named, *([] if _HOST in named else [_HOST])])


def _free_port(port: int) -> int:
    """Return ``port`` if it can be listened on, any free one for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((_HOST, port))
        except OSError as error:
            raise MachineError(
                f"port {port} of {_HOST} is taken: {error.strerror}. Stop what listens there, or choose another "
                "with `python -m flows serve --port PORT`."
            ) from error
        return int(probe.getsockname()[1])


def _wait_until_healthy(url: str, child: subprocess.Popen[bytes], log: Path) -> None:
    deadline = time.monotonic() + _START_S
    while time.monotonic() < deadline and child.poll() is None:
        if _is_healthy(url):
            return
        time.sleep(0.1)
    tail = "\n".join(log.read_text(encoding="utf-8", errors="replace").splitlines()[-10:])
    raise MachineError(f"Prefect's server did not answer at {url} within {_START_S:g} s. The end of {log}:\n{tail}")


def _is_healthy(url: str) -> bool:
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        with opener.open(f"{url}/health", timeout=5):
            return True
    except (OSError, ValueError):
        return False
