"""A run that is cancelled at the server, as the button in Prefect's pages does."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.states import Cancelling

from litesmith.files import read_json
from tasks import catalog
from tasks.dag.lock import holding, stepping
from tests.flows.marked import Commands
from tests.flows.served import SERVING, api, place_order, serve, tiny_project, wait_for_end

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("cancel")]

_GONE_S = 10


@dataclass(frozen=True)
class Seen:
    """What was seen of a run that was cancelled while a step of it worked."""

    state: str
    left: list[str]
    record: dict[str, Any]
    index: str
    places_held: int
    folder: Path


@pytest.fixture(scope="module")
def seen(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Seen]:
    """Serve a project, order a run, and cancel it at its first step."""
    # A worker asks for orders every ten seconds by default.
    commands = Commands(tiny_project(tmp_path_factory.mktemp("cancel") / "ws"), {"PREFECT_WORKER_QUERY_SECONDS": "1"})
    try:
        serve(commands)
        with SyncPrefectClient(api(commands)["PREFECT_API_URL"]) as client:
            yield _cancel(commands, client)
    finally:
        commands.stop()


def _cancel(commands: Commands, client: SyncPrefectClient) -> Seen:
    run = place_order(client)
    commands.running("-m", "tasks", "run")
    client.set_flow_run_state(run.id, Cancelling())
    state, _ = wait_for_end(commands, client, run)
    left = commands.left_after(_GONE_S, but=SERVING)
    (record,) = (commands.folder / catalog.RUNS).glob("*.json")
    limit = client.read_deployment_by_name("retrain/on-demand").global_concurrency_limit
    assert isinstance(limit, GlobalConcurrencyLimitResponse)
    index = (commands.folder / catalog.INDEX).read_text()
    return Seen(state, left, read_json(record), index, limit.active_slots, commands.folder)


def test_the_run_ends_as_cancelled_and_holds_no_place(seen: Seen) -> None:
    assert seen.state == "Cancelled"
    assert seen.places_held == 0


def test_no_process_of_the_run_is_left(seen: Seen) -> None:
    assert seen.left == []


def test_the_workspace_is_free_for_the_next(seen: Seen) -> None:
    with holding(seen.folder), stepping(seen.folder):
        pass


def test_the_record_and_the_index_say_that_it_was_stopped_and_where(seen: Seen) -> None:
    assert seen.record["error"].startswith("TerminationSignal")
    # The step may end while the request is on its way; then the next one was stopped.
    *_, last = seen.record["stages"].values()
    assert last["outcome"] == "Failed" and len(seen.record["stages"]) <= 2
    assert "✗ Stopped" in seen.index
