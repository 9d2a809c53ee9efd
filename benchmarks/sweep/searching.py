"""Search with one seed in both ways, each going on from its log of finished trials."""

import logging
import math
from collections.abc import Mapping
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.spent import counting, total
from benchmarks.sweep.plan import Config, Halving, Searches, seed_folder
from benchmarks.sweep.progress import cpu_s_until, incumbents
from litesmith.data.splits import read_split
from litesmith.device.limits import search_limits
from litesmith.files import write_json
from litesmith.params.everything import Params
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.recipe import Augmentation, Distillation
from litesmith.params.sections.sweep import Rung, SearchParams
from litesmith.records.form import DataForm
from litesmith.records.record import read_record
from litesmith.search.study import Plan, run_study
from litesmith.search.trial import TrialJob, TrialResult, read_results, run_trial
from litesmith.training import backend
from litesmith.training.backend import derived_seed
from litesmith.training.distillation import write_targets
from tasks import catalog

_LOG = logging.getLogger(__name__)

# CPU-seconds are compared, and a second thread costs more of them than it saves time.
NUM_THREADS = 1

# Nobody teaches these trials.
NO_DISTILLATION = Distillation(weight=0.0, temperature=1.0)

Results = Mapping[tuple[int, int], TrialResult]


class _Enough(Exception):  # noqa: N818 - nothing went wrong
    """The incumbent is as good as the mark: the search need not go on."""


def search_both(config: Config, params: Params, seed: int) -> None:
    """Search at random, then in our way until that is as good, and write ``outcome.json``.

    Raises:
        ParamsError: The seed is none of those that count, or no network keeps the device's limits.
    """
    folder, searches = seed_folder(config, params, seed), config.searches
    # Before any network is made, to learn its bytes: TensorFlow fixes the number at its first operation.
    backend.set_threads(NUM_THREADS)
    with counting(folder):
        random, ours = random_plan(searches, params, folder), halving_plan(searches, params, folder)
        sampled = _search(random, folder / "random.jsonl", derived_seed(searches.seed, "random", seed))
        mark = max(trial.accuracy for trial in sampled.values())
        _LOG.info("the random search found %.4f in %.0f CPU-seconds", mark, _cpu_s(sampled))
        halved = _search(ours, folder / "ours.jsonl", derived_seed(searches.seed, "ours", seed), mark)
    outcome = _outcome(sampled, halved, len(ours.params.rungs) - 1)
    write_json(folder / "outcome.json", {"seed": seed, **outcome, "cpu_s_in_all": total(folder)})


def random_plan(searches: Searches, params: Params, folder: Path) -> Plan:
    """Return the search that draws every trial at random and trains it in full."""
    # As long as fewer trials are known than the sampler starts up with, it draws at random.
    never = searches.num_random * searches.max_asks + 1
    halving = Halving(
        num_trials=searches.num_random,
        batch_trials=searches.num_random,
        startup_trials=never,
        reduction=2,
        short=searches.halving.short,
    )
    return _plan(searches, halving, (searches.full,), params, folder)


def halving_plan(searches: Searches, params: Params, folder: Path) -> Plan:
    """Return our search, whose last rung is the training in full."""
    rungs = (*searches.halving.short, searches.full)
    return _plan(searches, searches.halving, rungs, params, folder)


def write_no_targets(folder: Path, num_classes: int) -> Path:
    """Write distillation targets of no teacher, which every trial asks for, and return their folder."""
    targets = folder / "targets"
    unchanged = Augmentation(max_shift_px=0, flip=False, erase_share=0.0, max_erase_px=2)
    write_targets(targets, np.zeros((0, 0, num_classes), np.float16), unchanged, [])
    return targets


def _plan(
    searches: Searches, halving: Halving, rungs: tuple[Rung, ...], params: Params, folder: Path
) -> Plan:
    search = SearchParams(
        **halving.model_dump(exclude={"short"}),
        **searches.model_dump(include=set(SearchParams.model_fields)),
        rungs=rungs,
        tie_standard_errors=0.0,
        distillation=NO_DISTILLATION,
        trial_threads=NUM_THREADS,
    )
    form = read_record(catalog.FORM, DataForm)
    return Plan(
        params=search,
        limits=search_limits(params.device.part(HardLimits), params.sweep.budget),
        form=form,
        train=catalog.TRAIN,
        validation=catalog.VALIDATION,
        num_validation=len(read_split(catalog.VALIDATION).labels),
        targets=write_no_targets(folder, form.num_classes),
    )


def _search(plan: Plan, log: Path, seed: int, enough: float = math.inf) -> Results:
    """Run a search to its end or until its incumbent is good enough; return its results."""
    last = len(plan.params.rungs) - 1

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


def _outcome(sampled: Results, halved: Results, last_rung: int) -> dict[str, Any]:
    best, ours = incumbents(sampled.values(), 0), incumbents(halved.values(), last_rung)
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
                sum(trial.rung == rung for trial in halved.values()) for rung in range(last_rung + 1)
            ],
            "cpu_s": _cpu_s(halved),
            "incumbents": [asdict(trial) for trial in ours],
            "cpu_s_until_mark": reached_s,
        },
        "share": None if reached_s is None else round(reached_s / _cpu_s(sampled), 4),
        "longest_trial_cpu_s": max(trial.cpu_s for trial in (*sampled.values(), *halved.values())),
    }


def _cpu_s(results: Results) -> float:
    return round(sum(trial.cpu_s for trial in results.values()), 2)
