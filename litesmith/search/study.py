"""Search for a network within the device's limits.

Known recipes come first, then proposals of Optuna, in batches of a fixed size, with a sampler seeded for
each batch. A batch is halved synchronously, and its results are reported in the order of the trials when
all of it is done. What the search may spend is modelled work, not time. So the study depends on the seed
alone, not on the machine, the workers or how often it was killed and resumed.

Source: successive halving after Jamieson and Talwalkar, arXiv:1502.07943; the sampler is Optuna's
    tree-structured Parzen estimator.
"""

import logging
import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

import optuna

from litesmith.analysis.pareto import standard_error
from litesmith.device.limits import Cost, broken_limits
from litesmith.errors import DivergedError, ParamsError
from litesmith.params.sections.network import NetworkSpec
from litesmith.records.sweep import Refused, RungScore, Trial, TrialTime
from litesmith.search.cost import BYTES_ERROR, cost_of, estimated_cost
from litesmith.search.lengths import Length
from litesmith.search.plan import Plan
from litesmith.search.space import Choices, first_choices, network_of, recipe_of, smaller, suggest
from litesmith.search.trial import TrialJob, TrialResult, read_results
from litesmith.training.backend import derived_seed

_LOG = logging.getLogger(__name__)

RunBatch = Callable[[list[TrialJob]], list[TrialResult]]


@dataclass
class Entry:
    """Trial of a running search, with its record."""

    trial: Trial
    choices: Choices
    spec: NetworkSpec
    times: list[TrialTime] = field(default_factory=list)

    @property
    def accuracy(self) -> float:
        """Accuracy on validation at the last rung."""
        return self.trial.rungs[-1].accuracy

    def rank(self) -> tuple[float, float, int]:
        """Return the sort key of entries at the same rung, the best first."""
        loss = self.trial.rungs[-1].loss
        return -self.accuracy, math.inf if loss is None else loss, self.trial.number

    def add(self, result: TrialResult, length: Length, *, is_last: bool) -> None:
        """Add the result of a rung and set the state."""
        state = "diverged" if result.loss is None else "complete" if is_last else "pruned"
        score = RungScore(rung=result.rung, **asdict(length), accuracy=result.accuracy, loss=result.loss)
        rungs = (*self.trial.rungs, score)
        self.trial = self.trial.model_copy(update={"rungs": rungs, "state": state})
        self.times.append(TrialTime(number=result.number, rung=result.rung, cpu_s=result.cpu_s))


@dataclass(frozen=True)
class StudyResult:
    """Trials of a search by number, the winner, and counts of refused proposals."""

    entries: list[Entry]
    winner: Entry
    refused: Refused


def run_study(plan: Plan, *, seed: int, log: Path, run_batch: RunBatch) -> StudyResult:
    """Run a search.

    Args:
        plan: Space, lengths and limits of the search.
        seed: Decides every proposal and every training.
        log: File of the finished trials, which are not trained again.
        run_batch: Runs jobs, in any order and anywhere, and returns their results in the jobs' order.

    Returns:
        All trials and the winner, see `choose_winner`.

    Raises:
        ParamsError: No network within the limits was among ``max_asks`` proposals for a trial.
        DivergedError: No trial came through the last rung.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    search = _Search(plan, seed, log, run_batch, optuna.create_study(direction="maximize"))
    while num_trials := search.next_trials():
        search.run_batch(num_trials)
    finished = [entry for entry in search.entries if entry.trial.state == "complete"]
    if not finished:
        raise DivergedError("every trial's loss left the numbers. Lower sweep.space.learning_rates.")
    return StudyResult(search.entries, choose_winner(finished, plan), search.refused())


def choose_winner(finished: Sequence[Entry], plan: Plan) -> Entry:
    """Choose the trial with the most work among the best.

    Those are the best whose accuracy on validation equals the highest but for noise. A short training
    favours small networks, which learn faster; the full one that the winner gets favours large ones. So
    what the trials cannot tell apart is decided by multiply-accumulates, then by accuracy and loss.

    Args:
        finished: Trials that came through the last rung, at least one.
        plan: Says how many standard errors of the best accuracy are noise.
    """
    best = min(finished, key=Entry.rank).accuracy
    noise = plan.params.tie_standard_errors * standard_error(best, plan.num_validation)
    equal = [entry for entry in finished if entry.accuracy >= best - noise]
    return min(equal, key=lambda entry: (-entry.trial.macs, entry.rank()))


class _Search:
    """State of a running search."""

    def __init__(
        self, plan: Plan, seed: int, log: Path, run_batch: RunBatch, study: optuna.Study
    ) -> None:
        self.entries: list[Entry] = []
        self._plan, self._params, self._seed, self._log = plan, plan.params, seed, log
        self._run, self._study = run_batch, study
        self._costs: dict[NetworkSpec, Cost] = {}
        self._refused: list[Cost] = []
        self._num_batches, self._work = 0, 0.0
        for choices in self._first_choices():
            self._study.enqueue_trial(asdict(choices))

    def next_trials(self) -> int:
        """Return how many trials the next batch has, none at the end.

        A batch takes the work of an average one before it.
        """
        params, batches = self._params, self._num_batches
        if batches and params.max_work and self._work * (batches + 1) / batches > params.max_work:
            return 0
        return min(params.batch_trials, params.num_trials - len(self.entries))

    def refused(self) -> Refused:
        """Return how many proposals broke each limit."""
        limits, costs = self._plan.limits, self._refused
        return Refused(
            proposals=len(costs),
            tflite_bytes=sum(cost.tflite_bytes > limits.max_tflite_bytes for cost in costs),
            macs=sum(cost.macs > limits.max_macs for cost in costs),
            activation_bytes=sum(cost.activation_bytes > limits.max_activation_bytes for cost in costs),
        )

    def run_batch(self, num_trials: int) -> None:
        """Propose a batch, halve it rung by rung, report to Optuna."""
        seed = derived_seed(self._seed, "batch", self._num_batches)
        self._study.sampler = optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=self._params.startup_trials, constant_liar=True
        )
        proposed = [self._ask_feasible() for _ in range(num_trials)]
        entries = [entry for _, entry in proposed]
        for rung in range(len(self._params.rungs)):
            best_first = self._run_rung(entries, rung)
            entries = best_first[: math.ceil(len(entries) / self._params.reduction)]
        for trial, entry in proposed:
            self._report(trial, entry)
        self._num_batches += 1

    def _first_choices(self) -> Iterator[Choices]:
        """Yield the first trials once each, as large as the limits allow."""
        seen = set[Choices]()
        for choices in first_choices(self._params):
            networks = {
                each: estimated_cost(network_of(each, self._plan.images))
                for each in smaller(choices, self._params.space)
            }
            fitting = [each for each, cost in networks.items() if not self._broken(cost)]
            if fitting and (largest := max(fitting, key=lambda each: networks[each].macs)) not in seen:
                seen.add(largest)
                yield largest

    def _ask_feasible(self) -> tuple[optuna.Trial, Entry]:
        """Return the first proposal within the limits; the sampler learns nothing of those before."""
        for _ in range(self._params.max_asks):
            trial = self._study.ask()
            choices = suggest(trial, self._params.space)
            spec = network_of(choices, self._plan.images)
            cost = self._cost(spec.replace(dropout_rate=0.0))
            if not self._broken(cost):
                self.entries.append(self._entry(choices, spec, cost))
                return trial, self.entries[-1]
            self._refused.append(cost)
            self._study.tell(trial, state=optuna.trial.TrialState.FAIL)
        raise ParamsError(
            f"none of {self._params.max_asks} proposals kept the search's limits; "
            f"the last: {self._broken(self._refused[-1])}. Raise sweep.budget or the limits of the "
            "device, or offer smaller widths and depths under sweep.space."
        )

    def _broken(self, cost: Cost) -> str:
        return broken_limits(cost, self._plan.limits)

    def _cost(self, spec: NetworkSpec) -> Cost:
        """Return the cost of a network, converted if it seems to fit."""
        if spec not in self._costs:
            cost = estimated_cost(spec)
            least = replace(cost, tflite_bytes=int(cost.tflite_bytes * (1 - BYTES_ERROR)))
            self._costs[spec] = cost if self._broken(least) else cost_of(spec)
        return self._costs[spec]

    def _entry(self, choices: Choices, spec: NetworkSpec, cost: Cost) -> Entry:
        record = Trial(
            number=len(self.entries),
            batch=self._num_batches,
            state="pruned",
            choices=asdict(choices),
            **asdict(cost),
            rungs=(),
        )
        return Entry(record, choices, spec)

    def _run_rung(self, entries: list[Entry], rung: int) -> list[Entry]:
        """Train trials unless logged; return the finite ones, best first."""
        if not entries:
            return []
        jobs, results = [self._job(entry, rung) for entry in entries], read_results(self._log)
        missing = [job for job in jobs if (job.number, job.rung) not in results]
        if missing:
            results.update({(result.number, result.rung): result for result in self._run(missing)})
        lengths = self._plan.lengths
        for entry in entries:
            result = results[entry.trial.number, rung]
            entry.add(result, lengths[rung], is_last=rung + 1 == len(lengths))
            self._work += lengths[rung].work(entry.trial.macs)
        finite = (entry for entry in entries if entry.trial.state != "diverged")
        best_first = sorted(finite, key=Entry.rank)
        best = best_first[0].accuracy if best_first else 0.0
        _LOG.info("batch %d, rung %d: best validation accuracy %.4f", entries[0].trial.batch, rung, best)
        return best_first

    def _job(self, entry: Entry, rung: int) -> TrialJob:
        plan, params, length = self._plan, self._params, self._plan.lengths[rung]
        return TrialJob(
            number=entry.trial.number,
            rung=rung,
            spec=entry.spec,
            recipe=recipe_of(entry.choices, params, length.epochs),
            num_rows=length.num_rows,
            rows_seed=derived_seed(self._seed, "rows"),
            seed=derived_seed(self._seed, "trial", entry.trial.number, rung),
            num_threads=params.trial_threads,
            train=plan.train,
            validation=plan.validation,
            form=plan.form,
            targets=plan.targets,
            distillation=params.distillation,
            log=self._log,
            share_done=self._share_done(rung),
        )

    def _share_done(self, rung: int) -> float:
        """Return which share of the search is done before a rung."""
        in_batch = sum(entry.trial.batch == self._num_batches for entry in self.entries)
        to_come = in_batch * (1 - rung / len(self._params.rungs))
        share = (len(self.entries) - to_come) / self._params.num_trials
        return max(share, self._work / self._params.max_work) if self._params.max_work else share

    def _report(self, trial: optuna.Trial, entry: Entry) -> None:
        # The sampler ranks by rung before accuracy, so a diverged trial is reported at the first.
        diverged = entry.trial.state == "diverged"
        for score in entry.trial.rungs[-1:] if diverged else entry.trial.rungs:
            trial.report(score.accuracy, step=0 if diverged else score.rung)
        if entry.trial.state == "complete":
            self._study.tell(trial, entry.accuracy)
        else:
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
