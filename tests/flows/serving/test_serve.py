from collections.abc import Callable, Iterator
from pathlib import Path
from uuid import UUID

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.actions import GlobalConcurrencyLimitUpdate
from prefect.client.schemas.objects import ConcurrencyLimitStrategy, ConcurrencyOptions, FlowRun
from prefect.states import Pending, Running

from flows.serving.serve import _release
from flows.serving.server import require_answer, server, server_cpu_s
from tests.flows.serving.test_environment import FOREIGN

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("serve")]


@pytest.fixture(scope="module")
def url(
    tmp_path_factory: pytest.TempPathFactory, with_database: Callable[[Path], Path]
) -> Iterator[str]:
    """Start a server where all that people set for another one is in its way."""
    folder = with_database(tmp_path_factory.mktemp("served"))
    (folder / ".env").write_text(
        "PREFECT_SERVER_API_AUTH_STRING=admin:pass\nPREFECT_SERVER_API_BASE_PATH=/other\n"
    )
    (folder / "prefect.toml").write_text('[server.api]\nauth_string = "admin:pass"\n')
    profile = 'active = "other"\n[profiles.other]\nPREFECT_API_URL = "http://127.0.0.1:9/api"\n'
    (folder / "profiles.toml").write_text(profile)
    foreign = {**FOREIGN, "PREFECT_HOME": str(folder)}
    with pytest.MonkeyPatch.context() as patched:
        patched.chdir(folder)
        for name, value in foreign.items():
            patched.setenv(name, value)
        with server(folder) as address:
            patched.undo()
            yield address


@pytest.fixture
def client(url: str) -> Iterator[SyncPrefectClient]:
    with SyncPrefectClient(url) as client:
        yield client


@pytest.fixture
def deployment(client: SyncPrefectClient) -> UUID:
    """A deployment that takes one run at a time and refuses a second one."""
    options = ConcurrencyOptions(collision_strategy=ConcurrencyLimitStrategy.CANCEL_NEW)
    flow = client.create_flow_from_name("retrain")
    return client.create_deployment(flow, "on-demand", concurrency_limit=1, concurrency_options=options)


def _ordered(client: SyncPrefectClient, deployment: UUID) -> FlowRun:
    """Order a run, let it be taken up, and return it as it then is."""
    run = client.create_flow_run_from_deployment(deployment)
    client.set_flow_run_state(run.id, Pending())
    return client.read_flow_run(run.id)


def _state(client: SyncPrefectClient, run: FlowRun) -> str:
    state = client.read_flow_run(run.id).state
    assert state is not None
    return str(state.name)


def test_the_slot_of_a_run_of_a_stopped_server_is_freed(
    url: str, client: SyncPrefectClient, deployment: UUID
) -> None:
    first = _ordered(client, deployment)
    client.set_flow_run_state(first.id, Running())
    assert _state(client, _ordered(client, deployment)) == "Cancelled"
    _release(url)
    assert _state(client, first) == "Crashed"
    third = _ordered(client, deployment)
    assert _state(client, third) == "Pending"
    _release(url)
    assert _state(client, third) == "Crashed"


def test_a_slot_that_no_run_holds_any_more_is_freed(
    url: str, client: SyncPrefectClient, deployment: UUID
) -> None:
    limit = client.read_deployment(deployment).global_concurrency_limit
    assert limit is not None
    client.update_global_concurrency_limit(limit.name, GlobalConcurrencyLimitUpdate(active_slots=1))
    assert _state(client, _ordered(client, deployment)) == "Cancelled"
    _release(url)
    assert _state(client, _ordered(client, deployment)) == "Pending"
    _release(url)


def test_a_run_of_no_deployment_is_left_alone(url: str, client: SyncPrefectClient) -> None:
    from prefect import flow

    @flow(name="alone")
    def _alone() -> None: ...

    run = client.create_flow_run(_alone)
    client.set_flow_run_state(run.id, Running())
    _release(url)
    assert _state(client, run) == "Running"


def test_a_server_of_our_own_takes_orders_whatever_was_set_for_another(
    url: str, client: SyncPrefectClient
) -> None:
    assert client.create_flow_from_name("taken")
    require_answer(url)


def test_the_server_of_this_process_has_used_cpu_time(url: str) -> None:
    spent_s = server_cpu_s()
    assert spent_s is not None
    assert 0.5 < spent_s < 600
