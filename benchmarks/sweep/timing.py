"""Time the default's own trials by two workers of one thread, by one of two, and by one of one."""

import itertools
import logging
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from typing import Any

from benchmarks.record import where
from benchmarks.sweep.plan import Config, workers_file
from benchmarks.sweep.searching import write_no_targets
from litesmith.device.limits import search_limits
from litesmith.files import write_json
from litesmith.params.everything import Params
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.sweep import SearchParams
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from litesmith.search.plan import plan_search
from litesmith.search.study import run_study
from litesmith.search.trial import TrialJob, TrialResult, run_trial
from tasks import catalog
from tasks.dag.workers import worker_pool

_LOG = logging.getLogger(__name__)

TWO_WORKERS, TWO_THREADS, ONE_THREAD = (
    "two workers of one thread",
    "one worker of two threads",
    "one worker of one thread",
)
# Workers, and threads of each.
WAYS = {TWO_WORKERS: (2, 1), TWO_THREADS: (1, 2), ONE_THREAD: (1, 1)}

# Trials per minute of each way, round by round.
Rates = dict[str, list[float]]


class _Proposed(Exception):  # noqa: N818 - nothing went wrong
    """The first trials of a search are proposed, and need not be trained."""


def compare_workers(config: Config, params: Params) -> None:
    """Train the first trials of the default's sweep in all ways, and write trials per minute.

    The first round, in which processes start and import, is not counted.
    """
    load, jobs = os.getloadavg()[0], first_jobs(config, params)
    rates: Rates = {way: [] for way in WAYS}
    with ExitStack() as started:
        pools = {way: started.enter_context(worker_pool(num)) for way, (num, _) in WAYS.items()}
        for number, way in itertools.product(range(config.workers.rounds + 1), WAYS):
            threads = WAYS[way][1]
            rates[way].append(
                _trials_per_minute(pools[way], [replace(job, num_threads=threads) for job in jobs])
            )
            _LOG.info("round %d, %s: %.2f trials a minute", number, way, rates[way][-1])
    write_json(workers_file(config), {**summary(rates), "load_before": round(load, 2), **where()})


def summary(rates: Rates) -> dict[str, Any]:
    """Return the counted rounds of each way, and by how much the second worker or thread helps.

    Args:
        rates: Of each way; the first round is not counted.
    """
    counted = {way: values[1:] for way, values in rates.items()}
    median = {way: statistics.median(values) for way, values in counted.items()}
    return {
        "trials_per_minute": counted,
        "speedup": round(median[TWO_WORKERS] / median[TWO_THREADS], 3),
        "second_worker": round(median[TWO_WORKERS] / median[ONE_THREAD], 3),
        "second_thread": round(median[TWO_THREADS] / median[ONE_THREAD], 3),
    }


def first_jobs(config: Config, params: Params) -> list[TrialJob]:
    """Return the first trials of the default's sweep at its first rung."""
    file, form = workers_file(config), read_record(catalog.FORM, DataForm)
    plan = plan_search(
        params.sweep.part(SearchParams),
        search_limits(params.device.part(HardLimits), params.sweep.budget),
        form,
        train=catalog.TRAIN,
        validation=catalog.VALIDATION,
        targets=write_no_targets(file.parent, form.num_classes),
    )
    proposed: list[TrialJob] = []

    def take(jobs: list[TrialJob]) -> list[TrialResult]:
        proposed.extend(jobs)
        raise _Proposed

    try:
        run_study(plan, seed=params.seed, log=file.with_name("proposed.jsonl"), run_batch=take)
    except _Proposed:
        log = file.with_name("trials.jsonl")
    return [replace(job, log=log) for job in proposed[: config.workers.num_trials]]


def _trials_per_minute(pool: ProcessPoolExecutor, jobs: list[TrialJob]) -> float:
    began = time.perf_counter()
    finished = list(pool.map(run_trial, jobs))
    return round(60 * len(finished) / (time.perf_counter() - began), 3)
