"""A command for server, work pool, worker and deployments."""

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NoReturn

from flows.serving.environment import HOME, check_settings, own_environment
from flows.serving.server import server, watched
from litesmith.errors import MachineError
from litesmith.files import UTF8_PIPES
from tasks.dag.lock import serving_alone

POOL = "litesmith"

# Attempts of a command of Prefect that the server puts off, as it does while its database is busy.
_ATTEMPTS = 3
_PAUSE_S = 2.0
_PUT_OFF = "503 Service Unavailable"


def serve(project: Path, port: int) -> NoReturn:
    """Serve the deployments until stopped with Ctrl-C.

    Raises:
        BusyError: The project is served already.
        MachineError: The port is taken, or a part of Prefect does not start, or ends.
    """
    with serving_alone(project):
        print("starting Prefect's server ...", flush=True)
        with serving(project, port) as (url, worker):
            print(_invitation(url), flush=True)
            code = worker.wait()
    # The worker should not end by itself.
    raise MachineError(f"Prefect's worker ended with {code}. See {project / HOME / 'worker.log'}.")


@contextmanager
def serving(project: Path, port: int | None = None) -> Iterator[tuple[str, subprocess.Popen[bytes]]]:
    """Run server and worker with both deployments while the block lasts.

    Yields:
        The address of the server's API, and the worker's process.
    """
    with server(project, port) as url:
        environment = own_environment(project, url)
        _prefect(["work-pool", "create", POOL, "--type", "process", "--overwrite"], project, environment)
        _prefect(["deploy", "--all"], project, environment)
        # Configures Prefect's logging too: else each request of this process is a line in the terminal.
        check_settings()
        _release(url)
        command = ["prefect", "worker", "start", "--pool", POOL]
        with watched(command, environment, project / HOME / "worker.log") as worker:
            yield url, worker


def _release(url: str) -> None:
    """Free the slots of runs whose server was stopped.

    Only as serving begins, when none of them can still run. Later the server frees a slot by itself,
    once a run has not reported for long enough (see ``prefect.yaml``); to end such a run here too would
    free the slot twice, and a second run would start beside the next.
    """
    from prefect.client.orchestration import SyncPrefectClient
    from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
    from prefect.client.schemas.filters import FlowRunFilter
    from prefect.states import Crashed

    states = ["RUNNING", "PENDING", "CANCELLING"]
    begun = FlowRunFilter.model_validate({"state": {"type": {"any_": states}}})
    with SyncPrefectClient(url) as client:
        for run in client.read_flow_runs(flow_run_filter=begun):
            if run.deployment_id is not None:
                client.set_flow_run_state(run.id, Crashed(message="Its server was stopped."), force=True)
        for deployment in client.read_deployments():
            if limit := deployment.global_concurrency_limit:
                no_slots = GlobalConcurrencyLimitUpdate(active_slots=0)
                client.update_global_concurrency_limit(limit.name, no_slots)


def _prefect(arguments: list[str], project: Path, environment: dict[str, str]) -> None:
    """Run a command of Prefect, again if the server is busy."""
    for attempt in range(1, _ATTEMPTS + 1):
        process = subprocess.run(
            [sys.executable, "-m", "flows.serving.watched", "prefect", "--no-prompt", *arguments],
            cwd=project,
            env={**UTF8_PIPES, **environment},
            capture_output=True,
            encoding="utf-8",
            errors="replace",
        )
        if not process.returncode:
            return
        output = f"{process.stdout}{process.stderr}"
        if _PUT_OFF not in output or attempt == _ATTEMPTS:
            line = " ".join(arguments)
            raise MachineError(f"`prefect {line}` ended with {process.returncode}:\n{output}")
        time.sleep(_PAUSE_S)


def _invitation(url: str) -> str:
    return (
        f"\nserving retrain/on-demand and retrain/nightly at {url.removesuffix('/api')}\n"
        "In another terminal:\n"
        f"  export PREFECT_API_URL={url}\n"
        "  .venv/bin/prefect deployment run retrain/on-demand --watch\n"
        "Ctrl-C stops server and worker, and a run that is going on."
    )
