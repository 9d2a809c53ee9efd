"""Worker processes for the jobs of a study."""

import importlib
import logging
import multiprocessing
import os
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress

import psutil

from litesmith.errors import MachineError
from tasks.dag.step import MapJobs, Study, StudyRunner
from tasks.dag.watch import kill_all, watch_parent

# A variable: "module:function" of a `StudyRunner` to use instead of local worker processes.
RUNNER = "LITESMITH_STUDY_RUNNER"


def study_runner() -> StudyRunner:
    """Return the study runner that the environment names, else `run_with_workers`."""
    if RUNNER not in os.environ:
        return run_with_workers
    module, _, function = os.environ[RUNNER].partition(":")
    # In no closure: how jobs are spread changes no result.
    runner: StudyRunner = getattr(importlib.import_module(module), function)  # noqa: TID251
    return runner


def run_with_workers(study: Callable[[MapJobs], Study], /, *, num_workers: int) -> Study:
    """Run a study whose jobs go to ``num_workers`` local worker processes."""
    with worker_pool(num_workers) as pool:
        return study(lambda function, jobs: list(pool.map(function, jobs)))


@contextmanager
def worker_pool(num_workers: int) -> Iterator[ProcessPoolExecutor]:
    """Yield a pool of processes that end with this process.

    They are spawned, not forked: TensorFlow's threads do not survive a fork.

    Raises:
        MachineError: A worker was killed.
    """
    context = multiprocessing.get_context("spawn")
    try:
        with ProcessPoolExecutor(num_workers, mp_context=context, initializer=_begin_worker) as pool:
            try:
                yield pool
            except KeyboardInterrupt:
                # The pool would wait minutes for the present jobs of its workers.
                kill_all(_workers())
                raise
    except BrokenProcessPool as error:
        raise MachineError(
            "a worker process was killed, most often because memory ran out. Free some, or lower the "
            "step's num_workers, and run again: finished work stays."
        ) from error


def _workers() -> list[psutil.Process]:
    workers = []
    for child in psutil.Process().children():
        with suppress(psutil.NoSuchProcess):
            if "resource_tracker" not in " ".join(child.cmdline()):
                workers.append(child)
    return workers


def _begin_worker() -> None:
    logging.basicConfig(level=logging.INFO, format="%(message)s")
    watch_parent()
