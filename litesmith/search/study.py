"""Search for a network within the device's limits.

Optuna proposes trials in batches of a fixed size, with a sampler seeded for each batch. A batch is
halved synchronously, and its results are reported in the order of the trials when all of it is done. So
the study depends on the seed alone, not on the workers or how often it was killed and resumed.

Source: successive halving after Jamieson and Talwalkar, arXiv:1502.07943; the sampler is Optuna's
    tree-structured Parzen estimator.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path

import numpy as np
import optuna

from litesmith.analysis.pareto import standard_error
from litesmith.device.limits import Cost, broken_limits
from litesmith.errors import DivergedError, ParamsError
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Recipe
from litesmith.params.sections.sweep import Rung, SearchParams, Space
from litesmith.records.form import DataForm
from litesmith.records.sweep import RungScore, Trial, TrialTime
from litesmith.search.trial import TrialJob, TrialResult, read_results
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training.backend import derived_seed, seed_everything
from litesmith.training.cost import count_macs, peak_activation_bytes
from litesmith.training.networks import build_network, image_shape

_LOG = logging.getLogger(__name__)

RunBatch = Callable[[list[TrialJob]], list[TrialResult]]


@dataclass(frozen=True)
class Plan:
    """All that decides a search besides its seed; paths are folders."""

    params: SearchParams
    limits: HardLimits
    form: DataForm
    train: Path
    validation: Path
    num_validation: int
    targets: Path


@dataclass(frozen=True)
class Choices:
    """Proposal of the sampler, described by `litesmith.params.sections.sweep.Space`."""

    width: int
    depth: int
    repeats: int
    stem_kernel_size: int
    batch_size: int
    augmentation: str
    dropout_rate: float
    learning_rate: float
    weight_decay: float


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

    def add(self, result: TrialResult, rung: Rung, *, is_last: bool) -> None:
        """Add the result of a rung and set the state."""
        score = {"rung": result.rung, "accuracy": result.accuracy, "loss": result.loss}
        state = "diverged" if result.loss is None else "complete" if is_last else "pruned"
        rungs = (*self.trial.rungs, RungScore.model_validate({**dict(rung), **score}))
        self.trial = self.trial.model_copy(update={"rungs": rungs, "state": state})
        self.times.append(TrialTime(number=result.number, rung=result.rung, cpu_s=result.cpu_s))


@dataclass(frozen=True)
class StudyResult:
    """Trials of a search by number, and the winner."""

    entries: list[Entry]
    winner: Entry


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
    num_trials, batch_trials = plan.params.num_trials, plan.params.batch_trials
    for batch, first in enumerate(range(0, num_trials, batch_trials)):
        search.run_batch(batch, min(batch_trials, num_trials - first))
    finished = [entry for entry in search.entries if entry.trial.state == "complete"]
    if not finished:
        raise DivergedError("every trial's loss left the numbers. Lower sweep.space.learning_rates.")
    return StudyResult(search.entries, choose_winner(finished, plan))


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


def network_of(choices: Choices, plan: Plan) -> NetworkSpec:
    """Return the network that a trial's choices describe.

    The stem has half the width, and each stage twice the channels of the one before. Residual units are
    dealt out one at a time from the last stage, where they cost least, to the first and again.
    """
    params, stages = plan.params, range(plan.params.num_stages)
    return NetworkSpec(
        **dict(image_shape(plan.form)),
        stem_width=choices.width // 2,
        stage_widths=tuple(choices.width * 2**stage for stage in stages),
        stage_blocks=tuple((choices.depth + stage) // params.num_stages for stage in stages),
        stem_kernel_size=choices.stem_kernel_size,
        **params.model_dump(include={"stem_stride", "residual", "separable"}),
        repeats=choices.repeats,
        dropout_rate=choices.dropout_rate,
    )


def recipe_of(choices: Choices, params: SearchParams, epochs: int) -> Recipe:
    """Return the recipe of a trial's choices and the schedule that all trainings share."""
    return Recipe(
        **dict(params.schedule),
        epochs=epochs,
        batch_size=choices.batch_size,
        learning_rate=choices.learning_rate,
        weight_decay=choices.weight_decay,
        augmentation=params.space.augmentations[choices.augmentation],
    )


def cost_of(spec: NetworkSpec) -> Cost:
    """Return the cost of an untrained network as int8 file."""
    # The file holds equal numbers once, so a few bytes hang on the weights that the network begins with.
    seed_everything(0)
    model = build_network(spec, "untrained")
    shape = (2, spec.height, spec.width, spec.channels)
    images = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    return Cost(len(INT8.convert(model, images)), count_macs(model), peak_activation_bytes(model))


class _Search:
    """State of a running search."""

    def __init__(
        self, plan: Plan, seed: int, log: Path, run_batch: RunBatch, study: optuna.Study
    ) -> None:
        self.entries: list[Entry] = []
        self._plan, self._params, self._seed, self._log = plan, plan.params, seed, log
        self._run, self._study = run_batch, study
        self._costs: dict[NetworkSpec, Cost] = {}

    def run_batch(self, batch: int, num_trials: int) -> None:
        """Propose a batch, halve it rung by rung, report to Optuna."""
        seed = derived_seed(self._seed, "batch", batch)
        self._study.sampler = optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=self._params.startup_trials, constant_liar=True
        )
        proposed = [self._ask_feasible(batch) for _ in range(num_trials)]
        entries = [entry for _, entry in proposed]
        for rung in range(len(self._params.rungs)):
            best_first = self._run_rung(entries, rung)
            entries = best_first[: math.ceil(len(entries) / self._params.reduction)]
        for trial, entry in proposed:
            self._report(trial, entry)

    def _ask_feasible(self, batch: int) -> tuple[optuna.Trial, Entry]:
        """Return the first proposal within the limits; report those before it as pruned."""
        for _ in range(self._params.max_asks):
            trial = self._study.ask()
            entry = self._entry(trial, batch)
            self.entries.append(entry)
            if not entry.trial.reason:
                return trial, entry
            trial.set_user_attr("infeasible", entry.trial.reason)
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            _LOG.info("trial %d is infeasible: %s", trial.number, entry.trial.reason)
        raise ParamsError(
            f"none of {self._params.max_asks} proposals kept the search's limits; "
            f"the last: {self.entries[-1].trial.reason}. Raise sweep.budget or the limits of the "
            "device, or offer smaller widths and depths under sweep.space."
        )

    def _entry(self, trial: optuna.Trial, batch: int) -> Entry:
        choices = _suggest(trial, self._params.space)
        spec = network_of(choices, self._plan)
        without_dropout = spec.replace(dropout_rate=0.0)
        if without_dropout not in self._costs:
            self._costs[without_dropout] = cost_of(without_dropout)
        cost = self._costs[without_dropout]
        reason = broken_limits(cost, self._plan.limits)
        record = Trial(
            number=trial.number,
            batch=batch,
            state="infeasible" if reason else "pruned",
            reason=reason,
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
        rungs = self._params.rungs
        for entry in entries:
            result = results[entry.trial.number, rung]
            entry.add(result, rungs[rung], is_last=rung + 1 == len(rungs))
        finite = (entry for entry in entries if entry.trial.state != "diverged")
        best_first = sorted(finite, key=Entry.rank)
        best = best_first[0].accuracy if best_first else 0.0
        _LOG.info("batch %d, rung %d: best validation accuracy %.4f", entries[0].trial.batch, rung, best)
        return best_first

    def _job(self, entry: Entry, rung: int) -> TrialJob:
        plan, params, length = self._plan, self._params, self._params.rungs[rung]
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
        )

    def _report(self, trial: optuna.Trial, entry: Entry) -> None:
        # The sampler ranks by rung before accuracy, so a diverged trial is reported at the first.
        diverged = entry.trial.state == "diverged"
        for score in entry.trial.rungs[-1:] if diverged else entry.trial.rungs:
            trial.report(score.accuracy, step=0 if diverged else score.rung)
        if entry.trial.state == "complete":
            self._study.tell(trial, entry.accuracy)
        else:
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)


def _suggest(trial: optuna.Trial, space: Space) -> Choices:
    """Let the sampler choose; round floats as tables do."""
    dropout_rate = trial.suggest_float("dropout_rate", *space.dropout_rates)
    learning_rate = trial.suggest_float("learning_rate", *space.learning_rates, log=True)
    weight_decay = trial.suggest_float("weight_decay", *space.weight_decays, log=True)
    return Choices(
        width=trial.suggest_categorical("width", space.widths),
        depth=trial.suggest_categorical("depth", space.depths),
        repeats=trial.suggest_categorical("repeats", space.repeats),
        stem_kernel_size=trial.suggest_categorical("stem_kernel_size", space.stem_kernel_sizes),
        batch_size=trial.suggest_categorical("batch_size", space.batch_sizes),
        augmentation=trial.suggest_categorical("augmentation", tuple(space.augmentations)),
        dropout_rate=float(f"{dropout_rate:.4g}"),
        learning_rate=float(f"{learning_rate:.4g}"),
        weight_decay=float(f"{weight_decay:.4g}"),
    )
