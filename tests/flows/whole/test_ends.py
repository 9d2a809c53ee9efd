"""Runs that end early: cancelled at the server, as in Prefect's pages, or with refused data."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import ArtifactFilter, FlowRunFilter
from prefect.client.schemas.responses import GlobalConcurrencyLimitResponse
from prefect.states import Cancelling

from litesmith.data.formats.idx import read_labels
from litesmith.files import read_json
from tasks import catalog
from tasks.dag.lock import holding, stepping
from tasks.pipeline import PIPELINE
from tests.conftest import ROLES, make_small_set, published, write_idx
from tests.flows.marked import Commands
from tests.flows.served import OFTEN, SERVING, api, place_order, serve, tiny_project, wait_for_end

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("ends")]

_GONE_S = 10
_RULE = "foreign_labels: expected no label that is no class; got train (foreign: 1)"


@pytest.fixture(scope="module")
def served(
    tmp_path_factory: pytest.TempPathFactory, with_database: Callable[[Path], Path]
) -> Iterator[Commands]:
    """Serve a project."""
    commands = Commands(with_database(tiny_project(tmp_path_factory.mktemp("ends") / "ws")), OFTEN)
    try:
        serve(commands)
        yield commands
    finally:
        commands.stop()


@pytest.fixture(scope="module")
def client(served: Commands) -> Iterator[SyncPrefectClient]:
    with SyncPrefectClient(api(served)["PREFECT_API_URL"]) as client:
        yield client


def test_serve_prints_the_invitation_and_nothing_else(served: Commands) -> None:
    output = served.log.read_text()
    assert re.fullmatch(
        r"starting Prefect's server \.\.\.\n\n"
        r"serving retrain/on-demand and retrain/nightly at http://127\.0\.0\.1:\d+\n"
        r"In another terminal:\n.*\n.*\nCtrl-C stops server and worker, and a run that is going on\.\n",
        output,
    ), output


@dataclass(frozen=True)
class Cancelled:
    """A run that was cancelled while a step of it ran."""

    state: str
    left: list[str]
    record: dict[str, Any]
    index: str
    slots_held: int
    folder: Path


@pytest.fixture(scope="module")
def cancelled(served: Commands, client: SyncPrefectClient) -> Cancelled:
    """Order a run, and cancel it at the first step that takes seconds."""
    run = place_order(client)
    served.find("-m", "tasks", "run", "validate")
    client.set_flow_run_state(run.id, Cancelling())
    state, _ = wait_for_end(served, client, run)
    left = served.left_after(_GONE_S, but=SERVING)
    (record,) = (served.folder / catalog.RUNS).glob("*.json")
    limit = client.read_deployment_by_name("retrain/on-demand").global_concurrency_limit
    assert isinstance(limit, GlobalConcurrencyLimitResponse)
    index = (served.folder / catalog.INDEX).read_text()
    return Cancelled(state, left, read_json(record), index, limit.active_slots, served.folder)


def test_a_cancelled_run_ends_as_cancelled_and_holds_no_slot(cancelled: Cancelled) -> None:
    assert cancelled.state == "Cancelled"
    assert cancelled.slots_held == 0


def test_no_process_of_a_cancelled_run_is_left(cancelled: Cancelled) -> None:
    assert cancelled.left == []


def test_after_a_cancelled_run_the_workspace_is_free_for_the_next(cancelled: Cancelled) -> None:
    with holding(cancelled.folder), stepping(cancelled.folder):
        pass


def test_the_record_and_the_index_show_that_a_run_was_stopped_and_where(cancelled: Cancelled) -> None:
    assert cancelled.record["error"].startswith("TerminationSignal")
    # Steps may end while the request is on its way: which one is stopped depends on the machine.
    stages = cancelled.record["stages"]
    assert "validate" in stages
    assert list(stages) == [step.name for step in PIPELINE][: len(stages)]
    assert [stage["outcome"] for stage in stages.values()].index("Failed") == len(stages) - 1
    assert "✗ Stopped" in cancelled.index


@dataclass(frozen=True)
class Refused:
    """A run whose training labels hold a ten."""

    folder: Path
    code: int
    output: str
    record: dict[str, Any]
    state: tuple[str, str]
    task_runs: dict[str, str]
    link: str

    @property
    def page(self) -> Path:
        return self.folder / catalog.REFUSALS / "validate.html"


@pytest.fixture(scope="module")
def refused(
    served: Commands, client: SyncPrefectClient, tmp_path_factory: pytest.TempPathFactory
) -> Refused:
    """Run the flow in a terminal, in a project whose only source has a label without a class."""
    commands = Commands(_project_with_label_ten(tmp_path_factory), api(served))
    try:
        code, output = commands.run("flows", "retrain")
    finally:
        commands.stop()
    (path,) = (commands.folder / catalog.RUNS).glob("*.json")
    record = read_json(path)
    run = client.read_flow_run(record["flow_run"])
    assert run.state is not None
    here = FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
    states = {task.name: str(task.state_name) for task in client.read_task_runs(flow_run_filter=here)}
    links = ArtifactFilter.model_validate({"key": {"any_": ["refusal"]}})
    (link,) = client.read_artifacts(artifact_filter=links, flow_run_filter=here)
    state = str(run.state.name), str(run.state.message)
    return Refused(commands.folder, code, output, record, state, states, str(link.data))


def _project_with_label_ten(tmp_path_factory: pytest.TempPathFactory) -> Path:
    small = make_small_set(tmp_path_factory.mktemp("mirror"))
    labels = read_labels(small.path("train_labels")).copy()
    labels[42] = 10
    write_idx(small.path("train_labels"), labels)
    files = tuple(published(small.path(role)) for role in ROLES)
    small = replace(small, base=small.base.replace(files=files))
    rest = {
        "evaluate": {"measure": []},
        "retrain": {"min_disk_gb": 0.1, "min_memory_gb": 0.1},
    }
    return small.workspace(tmp_path_factory.mktemp("refused") / "ws", rest)


def test_a_refused_run_fails_and_names_the_rule_and_the_image(refused: Refused) -> None:
    name, message = refused.state
    assert name == "Failed"
    assert _RULE in message
    before = dict.fromkeys(("fetch", "arrivals", "intake"), "Completed")
    assert refused.task_runs == {**before, "validate": "Failed"}


def test_the_terminal_of_a_refused_run_names_them_and_the_page_without_a_traceback(
    refused: Refused,
) -> None:
    assert refused.code == 1
    assert f"error: stage validate: Fashion-MNIST was refused.\n{_RULE}\n" in refused.output
    assert f"See {refused.page.resolve()}." in refused.output
    assert f"`dvc --cd {refused.folder.resolve()} repro validate` writes them" in refused.output
    assert "Traceback" not in refused.output


def test_prefect_links_the_page_that_shows_the_refused_image(refused: Refused) -> None:
    assert refused.link == f"[refusal page]({refused.page.resolve().as_uri()})"
    shown = refused.page.read_text()
    assert "base/train[42] (label: &#39;10&#39;, which is no class)" in shown
    # Under the rule on the base, and under that on single images.
    assert shown.count('alt="base/train[42]') == 2
    assert "<code>python -m flows retrain" in shown


def test_the_record_and_the_index_of_a_refused_run_show_it_with_its_page(refused: Refused) -> None:
    assert refused.record["refused"] is True
    assert refused.record["result"] is None
    outcomes = {name: stage["outcome"] for name, stage in refused.record["stages"].items()}
    before = dict.fromkeys(("fetch", "arrivals", "intake"), "Completed")
    assert outcomes == {**before, "validate": "Failed"}
    (archived,) = (refused.folder / catalog.ARCHIVE).iterdir()
    assert archived.read_bytes() == refused.page.read_bytes()
    index = (refused.folder / catalog.INDEX).read_text()
    assert "✗ Data refused" in index
    assert f'href="archive/{archived.name}"' in index


def test_nothing_is_built_from_refused_data(refused: Refused) -> None:
    assert not (refused.folder / catalog.TRAIN).exists()
    assert not (refused.folder / catalog.REPORT).exists()
