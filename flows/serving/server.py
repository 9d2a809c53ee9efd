"""Prefect's server and worker as children that end with their run."""

import errno
import os
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

import psutil

from flows.serving.diagnosis import cause, damage, tail
from flows.serving.environment import (
    API_URL,
    HOME,
    HOST,
    check_settings,
    own_environment,
    without_password,
)
from litesmith.errors import MachineError
from litesmith.files import explaining
from tasks.dag.watch import kill_all, starter_environment

_SERVER = ("prefect", "server", "start")
_START_S = 120.0
_STOP_S = 10.0
_ANSWER_S = 10.0
_SOURCES = str(Path(__file__).parents[2])
_OTHER_SERVER = f"or unset {API_URL}: the run then starts a server of its own."


@contextmanager
def server(
    project: Path, port: int | None = None, *, meanwhile: Callable[[str], None] = lambda _: None
) -> Iterator[str]:
    """Run a Prefect server for as long as the block lasts.

    Args:
        project: The project's folder; below it the runs are stored in SQLite.
        port: The port to listen on; any free port if None.
        meanwhile: Called with the address while the server starts, which takes seconds.

    Yields:
        The address of its API, for ``PREFECT_API_URL``.

    Raises:
        MachineError: The port is taken, or the server does not start.
    """
    home = project / HOME
    if damaged := damage(home):
        raise MachineError(f"Prefect's server was not started: {damaged}")
    port = _free_port(port or 0)
    url = f"http://{HOST}:{port}/api"
    command = [*_SERVER, "--host", HOST, "--port", str(port), "--log-level", "ERROR"]
    log = home / "server.log"
    before = log.stat().st_size if log.is_file() else 0
    # In another folder: Prefect reads .env, prefect.toml and pyproject.toml of the current folder.
    with watched(command, own_environment(project, url), log, folder=home) as child:
        meanwhile(url)
        _wait_until_ready(url, child, log, before)
        yield url


def require_answer(url: str) -> None:
    """Check that the named server accepts requests with our credentials.

    Raises:
        MachineError: It does not answer, refuses the credentials, or is not a Prefect server.
    """
    check_settings()
    from httpx import HTTPError, HTTPStatusError
    from prefect.client.orchestration import get_client
    from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_MAX_RETRIES, temporary_settings

    settings = {PREFECT_API_URL: url, PREFECT_CLIENT_MAX_RETRIES: 1}
    try:
        with (
            temporary_settings(settings),
            get_client(sync_client=True, httpx_settings={"timeout": _ANSWER_S}) as client,
        ):
            # Unlike a server's health it needs credentials, and is the same in the cloud.
            client.read_flows(limit=1)
    except HTTPStatusError as error:
        raise MachineError(_refusal(url, error.response.status_code)) from error
    except (HTTPError, OSError) as error:
        raise MachineError(
            f"no Prefect server answers at {without_password(url)}, which {API_URL} names: {error}. "
            f"Start it (`make serve`), {_OTHER_SERVER}"
        ) from error
    except ValueError as error:  # no JSON, or JSON of another kind
        raise MachineError(_refusal(url, None)) from error


def _refusal(url: str, status: int | None) -> str:
    """Return the problem of a server that refuses a request."""
    named = f"{without_password(url)}, which {API_URL} names,"
    if status in (401, 403):
        return (
            f"the server at {named} requires authentication and did not accept ours ({status}). "
            "Set PREFECT_API_AUTH_STRING to its USER:PASSWORD, or PREFECT_API_KEY to a key of Prefect "
            f"Cloud, {_OTHER_SERVER}"
        )
    if status is not None and status >= 500:
        return f"the Prefect server at {named} fails ({status}): look at its log, {_OTHER_SERVER}"
    answer = f"({status})" if status else "(no JSON)"
    return (
        f"what answers at {named} is not the API of a Prefect server {answer}. Its address ends in "
        f"/api, for example http://{HOST}:4200/api: correct it, {_OTHER_SERVER}"
    )


def server_cpu_s() -> float | None:
    """Return the CPU-seconds of this process's server, if any."""
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if child.cmdline()[1:6] == ["-m", "flows.serving.watched", *_SERVER[:3]]:
                spent = [process.cpu_times() for process in (child, *child.children(recursive=True))]
                return round(sum(times.user + times.system for times in spent), 2)
    return None


@contextmanager
def watched(
    command: list[str], environment: Mapping[str, str], log: Path, folder: Path | None = None
) -> Iterator[subprocess.Popen[bytes]]:
    """Run a Python module in a child process while the block lasts.

    It has its own process group: Ctrl-C reaches the run first, which can then report to the server.

    Args:
        command: The module and its arguments.
        environment: All of its environment, but for what lets it watch this process.
        log: The file to which its output is appended.
        folder: Where it runs, with this project on Python's path; the current folder, without that, if
            None.

    Raises:
        MachineError: The log cannot be written.
    """
    with explaining(log):
        log.parent.mkdir(parents=True, exist_ok=True)
        stream = log.open("ab")
    variables = {**environment, **starter_environment()}
    if folder:
        variables["PYTHONPATH"] = os.pathsep.join(filter(None, [_SOURCES, variables.get("PYTHONPATH")]))
    with stream:
        child = subprocess.Popen(
            [sys.executable, "-m", "flows.serving.watched", *command],
            cwd=folder,
            env=variables,
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
    """Terminate the processes of a child, then the child; kill the rest."""
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


def _free_port(port: int) -> int:
    """Return ``port`` if it is free, any free port for 0."""
    with socket.socket() as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((HOST, port))
        except OSError as error:
            reason = f"cannot be used: {error.strerror}."
            if isinstance(error, PermissionError):
                reason = "may not be used by this user: ports below 1024 are the system's."
            elif error.errno == errno.EADDRINUSE:
                reason = "is taken: stop what listens there (`ss -ltnp` shows it)."
            hint = "Choose another with `python -m flows serve --port PORT`."
            raise MachineError(f"port {port} of {HOST} {reason} {hint}") from error
        return int(probe.getsockname()[1])


def _wait_until_ready(url: str, child: subprocess.Popen[bytes], log: Path, before: int) -> None:
    """Wait until the server answers; ``before`` is its earlier log size."""
    began = time.monotonic()
    while time.monotonic() - began < _START_S and child.poll() is None:
        if _is_ready(url, child):
            return
        time.sleep(0.1)
    written = log.read_bytes()[before:].decode(errors="replace")
    took = f"{time.monotonic() - began:.0f} s"
    ended = f"did not answer at {url} within {took}" if child.poll() is None else f"ended after {took}"
    why = cause(written, log.parent) or "its log holds no known cause."
    raise MachineError(f"Prefect's server {ended}: {why}\nThe end of {log}:\n{tail(written)}")


def _is_ready(url: str, child: subprocess.Popen[bytes]) -> bool:
    """Tell whether the child, and no other server, answers at an address."""
    opener = urllib.request.build_opener(urllib.request.ProxyHandler({}))
    try:
        # Not its health, which is good before its database can be written: the first request would fail
        # (503).
        with opener.open(f"{url}/ready", timeout=5):
            connections = psutil.Process(child.pid).net_connections(kind="tcp")
    except (OSError, ValueError, psutil.NoSuchProcess):
        return False
    except psutil.AccessDenied:  # it answers, and the system does not show who listens
        return True
    ports = [each.laddr.port for each in connections if each.status == psutil.CONN_LISTEN]
    return urlsplit(url).port in ports
