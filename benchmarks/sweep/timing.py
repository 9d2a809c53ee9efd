"""Time the same trials by two workers of one thread and by one worker of two threads, in turns."""

import itertools
import logging
import os
import statistics
import time
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from typing import Any

from benchmarks.record import where
from benchmarks.sweep.plan import Config, workers_file
from benchmarks.sweep.searching import NO_DISTILLATION, write_no_targets
from litesmith.files import write_json
from litesmith.params.everything import Params
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from litesmith.search.trial import TrialJob, run_trial
from litesmith.training.backend import derived_seed
from litesmith.training.networks import image_shape, network_spec
from tasks import catalog
from tasks.dag.workers import worker_pool

_LOG = logging.getLogger(__name__)

# Workers, and threads of each.
WAYS = {"two_workers_of_one_thread": (2, 1), "one_worker_of_two_threads": (1, 2)}

# Trials per minute of each way, round by round.
Rates = dict[str, list[float]]


def compare_workers(config: Config, params: Params) -> None:
    """Train the trials of each kind in both ways, and write trials per minute.

    The first round, in which processes start and import, is not counted.
    """
    load, kinds, rounds = os.getloadavg()[0], config.workers.trials, range(config.workers.rounds + 1)
    jobs = {(kind, way): _jobs(config, params, kind, WAYS[way][1]) for kind in kinds for way in WAYS}
    rates: dict[str, Rates] = {kind: {way: [] for way in WAYS} for kind in kinds}
    with ExitStack() as started:
        pools = {way: started.enter_context(worker_pool(num)) for way, (num, _) in WAYS.items()}
        for number, kind in itertools.product(rounds, kinds):
            for way in list(WAYS)[:: 1 if number % 2 else -1]:
                rates[kind][way].append(_trials_per_minute(pools[way], jobs[kind, way]))
                _LOG.info(
                    "round %d, %s, %s: %.2f trials a minute", number, kind, way, rates[kind][way][-1]
                )
    trials = {kind: summary(measured) for kind, measured in rates.items()}
    write_json(workers_file(config), {"trials": trials, "load_before": round(load, 2), **where()})


def summary(rates: Rates) -> dict[str, Any]:
    """Return the counted rounds of each way, and how many times as many trials the first finished.

    Args:
        rates: Of each way; the first round is not counted.
    """
    counted = {name: values[1:] for name, values in rates.items()}
    two_workers, one_worker = (statistics.median(counted[name]) for name in WAYS)
    return {"trials_per_minute": counted, "speedup": round(two_workers / one_worker, 3)}


def _jobs(config: Config, params: Params, kind: str, num_threads: int) -> list[TrialJob]:
    file, trials, data = (
        workers_file(config),
        config.workers.trials[kind],
        read_record(catalog.FORM, DataForm),
    )
    targets = write_no_targets(file.parent, data.num_classes)
    return [
        TrialJob(
            number=number,
            rung=0,
            spec=network_spec(trials.network, image_shape(data)),
            recipe=trials.recipe,
            num_rows=trials.num_rows,
            rows_seed=config.searches.seed,
            seed=derived_seed(config.searches.seed, "worker", number),
            num_threads=num_threads,
            train=catalog.TRAIN,
            validation=catalog.VALIDATION,
            form=data,
            targets=targets,
            distillation=NO_DISTILLATION,
            log=file.with_name("trials.jsonl"),
        )
        for number in range(config.workers.num_trials)
    ]


def _trials_per_minute(pool: ProcessPoolExecutor, jobs: list[TrialJob]) -> float:
    began = time.perf_counter()
    finished = list(pool.map(run_trial, jobs))
    return round(60 * len(finished) / (time.perf_counter() - began), 3)
