"""Search on one data set with one seed in both ways, each going on from its log of finished trials."""

import logging
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.spent import counting, total
from benchmarks.sweep.plan import (
    Config,
    default_search,
    random_search,
    search_folder,
    set_folder,
)
from benchmarks.sweep.progress import cpu_s_until, incumbents
from benchmarks.sweep.sets import SearchedSet, make_set
from litesmith.files import write_json
from litesmith.params.sections.recipe import Augmentation
from litesmith.params.sections.sweep import SearchParams
from litesmith.search.plan import Plan, plan_search
from litesmith.search.study import run_study
from litesmith.search.trial import TrialJob, TrialResult, read_results, run_trial
from litesmith.training import backend
from litesmith.training.backend import derived_seed
from litesmith.training.distillation import write_targets

_LOG = logging.getLogger(__name__)

Results = Mapping[tuple[int, int], TrialResult]


class _Enough(Exception):  # noqa: N818 - nothing went wrong
    """The incumbent is as good as the mark: the search need not go on."""


def search_both(config: Config, name: str, seed: int) -> None:
    """Search at random, then in our way until that is as good, and write ``outcome.json``.

    Raises:
        ParamsError: Data set or seed is none of those that count, or no network keeps the limits.
    """
    searches, default = config.searches, default_search()
    at_random = random_search(default, searches.num_random)
    folder = search_folder(config, default, name, seed)
    random_log = search_folder(config, at_random, name, seed) / "random.jsonl"
    # Before any network is made, to learn its bytes: TensorFlow fixes the number at its first operation.
    backend.set_threads(1)
    with counting(folder):
        data = searched_set(config, name)
        ours, random = (plan_for(config, params, data) for params in (default, at_random))
        sampled = _search(random, random_log, derived_seed(searches.seed, "random", seed))
        mark = max(trial.accuracy for trial in sampled.values())
        _LOG.info("the random search found %.4f in %.0f CPU-seconds", mark, _cpu_s(sampled))
        found = _search(ours, folder / "ours.jsonl", derived_seed(searches.seed, "ours", seed), mark)
    outcome = _outcome(sampled, found, len(ours.params.rungs) - 1)
    write_json(
        folder / "outcome.json",
        {"set": name, "seed": seed, **outcome, "cpu_s_in_all": total(folder)},
    )


def searched_set(config: Config, name: str) -> SearchedSet:
    """Return a data set of ``sweep.yaml``."""
    searches, size = config.searches, config.searches.sets[name]
    return make_set(
        name,
        set_folder(config, name),
        num_train=size.num_train,
        num_validation=size.num_validation,
        seed=searches.seed,
    )


def plan_for(config: Config, params: SearchParams, data: SearchedSet) -> Plan:
    """Return a search on a data set.

    No training comes after the last rung, so that the most accurate is the best of both searches.
    """
    return plan_search(
        params.replace(tie_standard_errors=0.0),
        config.searches.limits,
        data.form,
        train=data.train,
        validation=data.validation,
        targets=write_no_targets(data.train.parent, data.form.num_classes),
    )


def write_no_targets(folder: Path, num_classes: int) -> Path:
    """Write distillation targets of no teacher, which every trial asks for, and return their folder."""
    targets = folder / "targets"
    unchanged = Augmentation(max_shift_px=0, flip=False, erase_share=0.0, erase_px=(2, 2))
    write_targets(targets, np.zeros((0, 0, num_classes), np.float16), unchanged, [])
    return targets


def _search(plan: Plan, log: Path, seed: int, enough: float = math.inf) -> Results:
    """Run a search to its end or until its incumbent is good enough; return its results."""
    last = len(plan.params.rungs) - 1
    log.parent.mkdir(parents=True, exist_ok=True)

    def run(job: TrialJob) -> TrialResult:
        result = run_trial(job)
        if result.rung == last and result.accuracy >= enough:
            raise _Enough
        return result

    if cpu_s_until(incumbents(read_results(log).values(), last), enough) is None:
        try:
            run_study(plan, seed=seed, log=log, run_batch=lambda jobs: [run(job) for job in jobs])
        except _Enough:
            _LOG.info("the incumbent reached %.4f", enough)
    return read_results(log)


def _outcome(sampled: Results, found: Results, last_rung: int) -> dict[str, Any]:
    best, ours = incumbents(sampled.values(), 0), incumbents(found.values(), last_rung)
    mark = best[-1].accuracy
    reached_s = cpu_s_until(ours, mark)
    return {
        "mark": mark,
        "random": {
            "num_trials": len(sampled),
            "cpu_s": _cpu_s(sampled),
            "incumbents": [asdict(trial) for trial in best],
        },
        "ours": {
            "num_trials": [
                sum(trial.rung == rung for trial in found.values()) for rung in range(last_rung + 1)
            ],
            "cpu_s": _cpu_s(found),
            "incumbents": [asdict(trial) for trial in ours],
            "cpu_s_until_mark": reached_s,
        },
        "share": None if reached_s is None else round(reached_s / _cpu_s(sampled), 4),
    }


def _cpu_s(results: Results) -> float:
    return round(sum(trial.cpu_s for trial in results.values()), 2)
