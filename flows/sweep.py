"""Run the trials of a sweep as task runs of a subflow, in local worker processes or on a Dask cluster.

A stage's process finds `run_trials` by the name in its environment (`tasks.dag.workers.CONDUCT`), which the flow sets,
and the run it belongs to in a file that the flow wrote.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field, is_dataclass
from functools import partial
from pathlib import Path
from typing import Any
from uuid import UUID

import cloudpickle  # type: ignore[import-untyped]
from prefect import flow, get_run_logger, task
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import hydrated_context, serialize_context
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.artifacts import drawn_label
from litesmith.errors import ParamsError
from litesmith.files import read_yaml, write_bytes
from tasks import catalog
from tasks.dag.step import Job, MapJobs, Result, Study
from tasks.dag.workers import CONDUCT, worker_pool

# Names the file that holds the flow's run context.
CONTEXT = "LITESMITH_RUN_CONTEXT"
# Address of a Dask scheduler, such as tcp://host:8786. Scheduler and workers are started in this workspace with
# PYTHONPATH=. (they import the rooms), the workers with `--nthreads 1`. Unset: local worker processes.
DASK = "LITESMITH_DASK_ADDRESS"

_COLUMNS = {"number": "trial", "rung": "rung"}

_Call = Callable[[Callable[[Any], Any], Any], Any]


@contextmanager
def conducting(folder: Path) -> Iterator[dict[str, str]]:
    """Write the current run's context below ``folder`` and yield the variables that link a stage's trials to it."""
    path = folder / f"context-{os.getpid()}.pickle"
    # Without the task: trials belong to the flow run, and a task made on the fly does not pickle by name.
    write_bytes(path, cloudpickle.dumps({**serialize_context(), "task_run_context": {}}))
    try:
        yield {CONDUCT: "flows.sweep:run_trials", CONTEXT: str(path)}
    finally:
        path.unlink(missing_ok=True)


def run_trials(study: Callable[[MapJobs], Study], /, *, num_workers: int) -> Study:
    """Run a study whose jobs are task runs of one subflow.

    Results come in the order of the jobs, so the study does not depend on who ran them or how many at once.

    Args:
        study: Called with a way to map jobs, inside the subflow.
        num_workers: Local worker processes; a Dask cluster has as many as it has.
    """
    with _parent_run():
        if DASK in os.environ:
            return _on_cluster(study, os.environ[DASK])
        with worker_pool(num_workers) as pool:
            runner: TaskRunner[Any] = ThreadPoolTaskRunner(max_workers=num_workers)
            return _subflow(study, runner, lambda function, job: pool.submit(function, job).result())


@contextmanager
def _parent_run() -> Iterator[None]:
    """Enter the flow run that started this stage, if there is one."""
    if CONTEXT not in os.environ:
        yield
        return
    # Written by `conducting` in this workspace a moment ago.
    context = cloudpickle.loads(Path(os.environ[CONTEXT]).read_bytes())
    with hydrated_context(context):
        yield


def _on_cluster(study: Callable[[MapJobs], Study], address: str) -> Study:
    from prefect_dask.task_runners import DaskTaskRunner

    root = Path.cwd()

    def _call(function: Callable[[Job], Result], job: Job) -> Result:
        os.chdir(root)
        return function(job)

    runner: TaskRunner[Any] = DaskTaskRunner(address=address)
    return _subflow(study, runner, _call)


def _subflow(study: Callable[[MapJobs], Study], runner: TaskRunner[Any], call: _Call) -> Study:
    """Run the study inside a flow run of its own."""
    board = _Leaderboard(_num_trials())

    def _map_jobs(function: Callable[[Job], Result], jobs: list[Job], /) -> list[Result]:
        futures = [
            _task(partial(call, function, job), job_name(job, index)).submit()
            for index, job in enumerate(jobs)
        ]
        results = [board.add(job, future.result()) for job, future in zip(jobs, futures, strict=True)]
        board.show()
        return results

    @flow(name="sweep", task_runner=runner, persist_result=False)
    def _sweep() -> Study:
        board.begin()
        result = study(_map_jobs)
        board.end()
        return result

    return _sweep()


def _task(run: Callable[[], Any], name: str) -> Any:
    """Return a task that runs one job and says what came of it.

    The job is bound, not an argument: Prefect would look through it, and Dask would take a tuple in it for a call.
    """

    @task(name="trial", task_run_name=name, cache_policy=NO_CACHE, persist_result=False)
    def _trial() -> Any:
        result = run()
        get_run_logger().info(
            ", ".join(f"{key} {value}" for key, value in plain_fields(result).items()) or "done"
        )
        return result

    return _trial


def job_name(job: Any, index: int) -> str:
    """Return what a job is called: its trial and rung, or its place in the batch if it has none."""
    if not hasattr(job, "number"):
        return f"job {index}"
    return f"trial {job.number} rung {job.rung}" if hasattr(job, "rung") else f"trial {job.number}"


def plain_fields(result: Any) -> dict[str, Any]:
    """Return the numbers and words of a result: of a dataclass or mapping its fields, of a number the number."""
    if isinstance(result, int | float | str):
        return {"result": result}
    fields = asdict(result) if is_dataclass(result) and not isinstance(result, type) else result
    if not isinstance(fields, dict):
        return {}
    return {key: value for key, value in fields.items() if isinstance(value, int | float | str)}


@dataclass
class _Leaderboard:
    """The artifacts of a sweep: what each trial reached so far, best first, and how far the sweep is."""

    num_trials: int | None
    rows: list[dict[str, Any]] = field(default_factory=list)
    progress: UUID | None = None

    def begin(self) -> None:
        """Show a progress bar that has not moved."""
        made = create_progress_artifact(0.0, key="sweep-progress", description="Share of trials begun")
        self.progress = made if isinstance(made, UUID) else None

    def add(self, job: Any, result: Result) -> Result:
        """Note a result and return it."""
        named = {label: getattr(job, key) for key, label in _COLUMNS.items() if hasattr(job, key)}
        self.rows.append({**named, **plain_fields(result)})
        if self.num_trials and self.progress:
            begun = len({row.get("trial") for row in self.rows})
            update_progress_artifact(self.progress, min(100 * begun / self.num_trials, 99.0))
        return result

    def show(self) -> None:
        """Publish what is known so far, the farthest and most accurate trials on top."""
        best = sorted(self.rows, key=lambda row: (-row.get("rung", 0), -row.get("accuracy", 0)))
        create_table_artifact(
            best,
            key="sweep-leaderboard",
            description=f"{drawn_label(Path.cwd())}Validation results, the best on top",
        )

    def end(self) -> None:
        """Show the sweep as done."""
        if self.progress:
            update_progress_artifact(self.progress, 100.0)


def _num_trials() -> int | None:
    """Return how many trials the parameters ask for, None if they do not say."""
    try:
        return int(read_yaml(catalog.PARAMS)["sweep"]["num_trials"])
    except (ParamsError, LookupError, TypeError, ValueError):
        return None
