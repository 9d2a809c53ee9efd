"""The trials of a sweep as task runs, here or on Dask.

The process of a stage finds `run_trials` by the name in its environment (`tasks.dag.workers.RUNNER`),
which the flow sets, and the run that it belongs to in a file that the flow wrote.
"""

import os
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import Any, Protocol
from uuid import UUID

import cloudpickle  # type: ignore[import-untyped]
from prefect import Task, flow, get_run_logger, task
from prefect.artifacts import create_progress_artifact, create_table_artifact, update_progress_artifact
from prefect.cache_policies import NO_CACHE
from prefect.context import hydrated_context, serialize_context
from prefect.task_runners import TaskRunner, ThreadPoolTaskRunner

from flows.artifacts import synthetic_label
from litesmith.files import write_bytes
from tasks.dag.step import Job, MapJobs, Result, Study
from tasks.dag.workers import RUNNER, worker_pool

# Names the file that holds the flow's run context.
CONTEXT = "LITESMITH_RUN_CONTEXT"
# Address of a Dask scheduler, such as tcp://host:8786; unset: local worker processes. Scheduler and
# workers start in this workspace with PYTHONPATH=. (they import the steps), workers with `--nthreads 1`.
DASK = "LITESMITH_DASK_ADDRESS"

# Fields that identify a job, and their labels.
_COLUMNS = {"number": "trial", "rung": "rung"}

Plain = int | float | str


class _Call(Protocol):
    """Run a job somewhere and wait for its result."""

    def __call__(self, function: Callable[[Job], Result], job: Job, /) -> Result:
        """Return ``function(job)``."""
        ...


@contextmanager
def run_context(folder: Path) -> Iterator[dict[str, str]]:
    """Yield the variables that link the trials of a stage to the current run.

    They name a file below ``folder`` with the context of the run.
    """
    path = folder / f"context-{os.getpid()}.pickle"
    # Without the task: trials belong to the flow run, and a task in a function is not pickled by name.
    write_bytes(path, cloudpickle.dumps({**serialize_context(), "task_run_context": {}}))
    try:
        yield {RUNNER: "flows.sweep:run_trials", CONTEXT: str(path)}
    finally:
        path.unlink(missing_ok=True)


def run_trials(study: Callable[[MapJobs], Study], /, *, num_workers: int) -> Study:
    """Run a study whose jobs are task runs of a subflow.

    Results come in the order of the jobs, so the study does not depend on the workers or their number:
    ``num_workers`` local processes, or those of a Dask cluster.
    """
    # Written by `run_context` in this workspace a moment ago.
    parent = cloudpickle.loads(Path(os.environ[CONTEXT]).read_bytes()) if CONTEXT in os.environ else None
    with hydrated_context(parent):
        if DASK in os.environ:
            return _on_cluster(study, os.environ[DASK])
        with worker_pool(num_workers) as pool:

            def _call(function: Callable[[Job], Result], job: Job, /) -> Result:
                return pool.submit(function, job).result()

            return _subflow(study, ThreadPoolTaskRunner(max_workers=num_workers), _call)


def _on_cluster(study: Callable[[MapJobs], Study], address: str) -> Study:
    from prefect_dask.task_runners import DaskTaskRunner

    root = Path.cwd()

    def _call(function: Callable[[Job], Result], job: Job, /) -> Result:
        os.chdir(root)
        return function(job)

    return _subflow(study, DaskTaskRunner(address=address), _call)


def _subflow(study: Callable[[MapJobs], Study], runner: TaskRunner[Any], call: _Call) -> Study:
    """Run the study inside a flow run of its own."""
    board = _Leaderboard()

    def _map_jobs(function: Callable[[Job], Result], jobs: list[Job], /) -> list[Result]:
        trials = [_task(partial(call, function, job), job_name(job, i)) for i, job in enumerate(jobs)]
        futures = [trial.submit() for trial in trials]
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


def _task(run: Callable[[], Result], name: str) -> Task[[], Result]:
    """Return a task that runs a job and logs its result.

    The job is bound, not an argument: Prefect would look through it, and Dask would take a tuple in it
    for a call.
    """

    @task(name="trial", task_run_name=name, cache_policy=NO_CACHE, persist_result=False)
    def _trial() -> Result:
        result = run()
        fields = [f"{key} {value}" for key, value in plain_fields(result).items()]
        get_run_logger().info(", ".join(fields) or "done")
        return result

    return _trial


def job_name(job: object, index: int) -> str:
    """Return a job's trial and rung, or its place in the batch."""
    return " ".join(f"{label} {value}" for label, value in _labels(job).items()) or f"job {index}"


def _labels(job: object) -> dict[str, Plain]:
    return {label: getattr(job, key) for key, label in _COLUMNS.items() if hasattr(job, key)}


def plain_fields(result: object) -> dict[str, Plain]:
    """Return the numbers and texts of a result by field."""
    if isinstance(result, Plain):
        return {"result": result}
    fields = result if isinstance(result, dict) else getattr(result, "__dict__", {})
    return {key: value for key, value in fields.items() if isinstance(value, Plain)}


@dataclass
class _Leaderboard:
    """The artifacts of a sweep: its trials and its progress."""

    rows: list[tuple[float, float, dict[str, Plain]]] = field(default_factory=list)
    progress: UUID | None = None

    def begin(self) -> None:
        """Show an empty progress bar."""
        bar = create_progress_artifact(0.0, key="sweep-progress", description="Share of the search")
        self.progress = bar if isinstance(bar, UUID) else None

    def add(self, job: object, result: Result) -> Result:
        """Note a result and return it."""
        rank = getattr(job, "rung", 0), getattr(result, "accuracy", 0.0)
        self.rows.append((*rank, {**_labels(job), **plain_fields(result)}))
        if self.progress:
            update_progress_artifact(self.progress, min(100 * getattr(job, "share_done", 0.0), 99.0))
        return result

    def show(self) -> None:
        """Publish the results so far, the farthest and most accurate trials on top."""
        create_table_artifact(
            [row for *_, row in sorted(self.rows, key=lambda row: row[:2], reverse=True)],
            key="sweep-leaderboard",
            description=f"{synthetic_label(Path.cwd())}Validation results, the best on top",
        )

    def end(self) -> None:
        """Show the sweep as done."""
        if self.progress:
            update_progress_artifact(self.progress, 100.0)
