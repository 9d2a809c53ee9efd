"""The slot of a deployment, after all processes that could free it were killed."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from functools import partial
from pathlib import Path

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions, FlowRun
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.states import Pending, Running

from flows.serving.environment import own_environment
from flows.serving.serve import POOL, _prefect
from flows.serving.server import server
from litesmith.files import read_yaml
from tests.flows.marked import Commands
from tests.flows.served import ROOT, place_order, tiny_project

pytestmark = pytest.mark.slow

# Half a minute more than the least grace period that Prefect takes, and far below its default (300).
_FREE_S = 90

# In place of the engine of a run, until it is killed.
_IDLE = ("sleep", "3600")


def _grace_period_s() -> int:
    """Return what `prefect.yaml` sets for both deployments."""
    deployments = read_yaml(ROOT / "prefect.yaml")["deployments"]
    (seconds,) = {deployment["concurrency_limit"]["grace_period_seconds"] for deployment in deployments}
    return int(seconds)


def _state(client: SyncPrefectClient, run: FlowRun) -> str:
    state = client.read_flow_run(run.id).state
    assert state is not None
    return str(state.name)


@contextmanager
def _worker(commands: Commands) -> Iterator[None]:
    """Start a worker, and in the end kill it and its run at the same moment."""
    commands.start("prefect", "worker", "start", "--pool", POOL)
    try:
        yield
    finally:
        alive = commands.alive()
        # Suspended first, so that none of them sees another end.
        for act in (psutil.Process.suspend, psutil.Process.kill):
            for process in alive:
                act(process)


def _taken_but_not_begun(commands: Commands, client: SyncPrefectClient) -> FlowRun:
    """Order a run and wait until the worker has started its process, which never begins the run."""
    deployment = client.read_deployment_by_name("retrain/on-demand")
    run = client.create_flow_run_from_deployment(
        deployment.id, job_variables={"command": " ".join(_IDLE)}
    )
    commands.find(*_IDLE, timeout_s=240)
    return run


def _ordered_until_accepted(commands: Commands, client: SyncPrefectClient, within_s: float) -> list[str]:
    """Order runs until a run is not refused; return the state of each."""
    ends: list[str] = []
    deadline = time.monotonic() + within_s
    while set(ends) <= {"Cancelled"} and time.monotonic() < deadline:
        order = place_order(client)
        ends.append(
            commands.wait_for(
                partial(_end_state, client, order), f"the worker to begin {order.name}", 240
            )
        )
        time.sleep(1)
    return ends


def _end_state(client: SyncPrefectClient, run: FlowRun) -> str | None:
    """Return the state in which a run began, or ended without having begun; None before that.

    Read from all its states: the present state alone would miss short ones, as "Pending" is over a tenth
    of a second after a worker has taken an order.
    """
    states = client.read_flow_run_states(run.id)
    return next((str(state.name) for state in states if state.is_running() or state.is_final()), None)


# Each in a process of its own: they wait a minute and more for the end of a lease.
@pytest.mark.xdist_group("places/worker")
def test_the_next_order_runs_after_worker_and_run_were_killed_together(
    tmp_path: Path, with_database: Callable[[Path], Path]
) -> None:
    commands = Commands(
        with_database(tiny_project(tmp_path / "ws")), {"PREFECT_WORKER_QUERY_SECONDS": "1"}
    )
    try:
        with server(commands.folder) as url, SyncPrefectClient(url) as client:
            environment = own_environment(commands.folder, url)
            _prefect(["work-pool", "create", POOL, "--type", "process"], commands.folder, environment)
            _prefect(["deploy", "--all"], commands.folder, environment)
            ours = {name: value for name, value in environment.items() if name.startswith("PREFECT_")}
            commands.environment = {**ours, **commands.environment}
            # Taken and not begun yet. Later Prefect's engine, not prefect.yaml, sets the life of its
            # slot.
            with _worker(commands):
                waiting = _taken_but_not_begun(commands, client)
            assert (_end_state(client, waiting), _slots_held(client, waiting)) == (None, 1)
            with _worker(commands):
                *refused, last = _ordered_until_accepted(commands, client, _FREE_S)
    finally:
        commands.stop()
    # How many are refused depends on how long the second worker takes to start.
    assert (set(refused) - {"Cancelled"}, last) == (set(), "Running")


@pytest.mark.xdist_group("places/server")
def test_a_server_that_was_killed_and_started_again_frees_the_slot_of_a_dead_run(
    tmp_path: Path, with_database: Callable[[Path], Path]
) -> None:
    options = ConcurrencyOptions(
        collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW, grace_period_seconds=_grace_period_s()
    )
    with server(with_database(tmp_path)) as url, SyncPrefectClient(url) as client:
        flow = client.create_flow_from_name("retrain")
        deployment = client.create_deployment(
            flow, "on-demand", concurrency_limit=1, concurrency_options=options
        )
        run = client.create_flow_run_from_deployment(deployment)
        client.set_flow_run_state(run.id, Pending())
        client.set_flow_run_state(run.id, Running())
        (child,) = (
            process
            for process in psutil.Process().children()
            if "flows.serving.watched" in process.cmdline()
        )
        child.kill()
    with server(tmp_path) as url, SyncPrefectClient(url) as client:
        assert _slots_held(client, run) == 1
        deadline = time.monotonic() + _FREE_S
        while _slots_held(client, run) and time.monotonic() < deadline:
            time.sleep(1)
        assert _slots_held(client, run) == 0
        following = client.create_flow_run_from_deployment(deployment)
        client.set_flow_run_state(following.id, Pending())
        assert _state(client, following) == "Pending"


def _slots_held(client: SyncPrefectClient, run: FlowRun) -> int:
    assert run.deployment_id is not None
    limit = client.read_deployment(run.deployment_id).global_concurrency_limit
    assert isinstance(limit, GlobalConcurrencyLimitResponse)
    return limit.active_slots
