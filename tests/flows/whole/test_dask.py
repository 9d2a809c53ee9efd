"""The sweep on a Dask cluster: the same study as in local worker processes, each trial a task run."""

import hashlib
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from distributed import Client
from prefect.client.orchestration import SyncPrefectClient

from flows.serving.environment import prefect_environment
from flows.serving.server import server
from flows.sweep import DASK
from litesmith.records.record import write_record
from tasks import catalog
from tasks.dag.step import Measured
from tasks.dag.workers import RUNNER
from tasks.steps.sweep import sweep
from tasks.workspace import make_workspace
from tests.flows.marked import Commands
from tests.litesmith.make_tiny import tiny_form
from tests.tasks.steps.training_workspace import SMALL, small_splits, small_targets

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("dask")]

ROOT = Path(__file__).parents[3]
# Every process that trains takes seconds to begin, and every training as many to be traced.
SHORT = {
    "num_workers": 1,
    "rungs": [{"num_images": 60, "num_rows": 60}],
    "full": {"min_epochs": 1, "max_epochs": 1},
}


@dataclass(frozen=True)
class Seen:
    """Outputs of two sweeps of the same data, and the workers that trained trials on the cluster."""

    local: dict[str, str]
    on_cluster: dict[str, str]
    trials: set[str]
    trained_there: list[bool]


def small_project(folder: Path) -> Commands:
    """Create a project with all inputs of a sweep that takes seconds."""
    make_workspace(folder, ROOT, SMALL, {"sweep": SHORT})
    small_splits(folder)
    small_targets(folder)
    write_record(folder / catalog.FORM, tiny_form(16))
    return Commands(folder)


@pytest.fixture(scope="module")
def seen(
    tmp_path_factory: pytest.TempPathFactory, with_database: Callable[[Path], Path]
) -> Iterator[Seen]:
    """Run the step with local workers, and beside it with a cluster."""
    local, commands = (small_project(tmp_path_factory.mktemp(name) / "ws") for name in ("local", "dask"))
    try:
        process = local.start("tasks", "run", "sweep")
        with server(with_database(commands.folder)) as url:
            commands.environment = {
                **prefect_environment(commands.folder),
                "PREFECT_API_URL": url,
                "PYTHONPATH": ".",
            }
            yield _on_cluster(
                commands, url, lambda: _hashes(local.folder) if process.wait(120) == 0 else {}
            )
    finally:
        local.stop()
        commands.stop()


def _on_cluster(commands: Commands, url: str, local: Callable[[], dict[str, str]]) -> Seen:
    address = _cluster(commands)
    runner = {RUNNER: "flows.sweep:run_trials", DASK: address}
    code, output = Commands(commands.folder, {**commands.environment, **runner}).run(
        "tasks", "run", "sweep"
    )
    assert code == 0, output + commands.log.read_text()[-4000:]
    with Client(address) as cluster:
        trained_there = list(cluster.run(lambda: "tensorflow" in sys.modules).values())
    with SyncPrefectClient(url) as client:
        trials = {f"{run.name}: {run.state_name}" for run in client.read_task_runs()}
    return Seen(local(), _hashes(commands.folder), trials, trained_there)


def _cluster(commands: Commands) -> str:
    """Start a scheduler and a worker as a user does, and return the scheduler's address."""
    file = commands.folder / "scheduler.json"
    known = ("--scheduler-file", str(file), "--no-dashboard")
    commands.start("distributed.cli.dask_scheduler", "--host", "127.0.0.1", "--port", "0", *known)
    commands.wait_for(file.is_file, "the scheduler")
    commands.start("distributed.cli.dask_worker", "--nworkers", "2", "--nthreads", "1", *known)
    with Client(scheduler_file=str(file)) as cluster:
        cluster.wait_for_workers(2, timeout=60)
        return str(cluster.scheduler.address)


def _hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every output of the step that is no measurement."""
    paths = [port.path for port in sweep.outs if not port.marked(Measured)]
    return {path.as_posix(): hashlib.sha256((folder / path).read_bytes()).hexdigest() for path in paths}


def test_the_cluster_leaves_the_same_bytes_as_local_workers(seen: Seen) -> None:
    assert len(seen.on_cluster) > 3
    assert seen.on_cluster == seen.local


def test_every_trial_is_a_task_run(seen: Seen) -> None:
    assert seen.trials == {"trial 0 rung 0: Completed", "trial 1 rung 0: Completed"}


def test_the_trials_were_trained_by_the_workers(seen: Seen) -> None:
    assert len(seen.trained_there) == 2
    assert any(seen.trained_there)
