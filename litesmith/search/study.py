"""Search for a network within the device's budget.

Optuna proposes trials, they are halved synchronously, and their results go back in the order of the
trials.

Trials are asked for in batches of a fixed size, with a sampler seeded for each batch, and a batch is
told only when all of it is done. So the study depends on the seed alone, not on who ran the trials, how
many at once, or how often it was killed and begun again.

Source: successive halving after Jamieson and Talwalkar, arXiv:1502.07943; the sampler is Optuna's
    tree-structured Parzen estimator.
"""

import logging
import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import optuna

from litesmith.analysis.pareto import standard_error
from litesmith.device.limits import Cost, broken_limits
from litesmith.errors import DivergedError, ParamsError
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.network import ImageShape, NetworkSpec
from litesmith.params.sections.recipe import Recipe
from litesmith.params.sections.sweep import SearchParams, Space
from litesmith.records.sweep import TrialState
from litesmith.search.trial import TrialJob, TrialResult, read_results
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training.backend import derived_seed, seed_everything
from litesmith.training.cost import count_macs, peak_activation_bytes
from litesmith.training.networks import build_network

_LOG = logging.getLogger(__name__)

RunBatch = Callable[[list[TrialJob]], list[TrialResult]]


@dataclass(frozen=True)
class Plan:
    """Everything that decides a search, besides its seed.

    Attributes:
        params: How to search, and in which space.
        limits: What every network must keep.
        images: What every network is built for.
        train: Folder of the training split.
        validation: Folder of the validation split.
        num_validation: Its images.
        targets: Folder of the distillation targets of the training split.
    """

    params: SearchParams
    limits: HardLimits
    images: ImageShape
    train: Path
    validation: Path
    num_validation: int
    targets: Path


@dataclass(frozen=True)
class Choices:
    """Proposal of the sampler.

    Attributes:
        width: Channels of the first stage.
        depth: Units in all besides the first one of each stage.
        repeats: Times that such a unit runs in a row.
        stem_kernel_size: Side of the first convolution.
        batch_size: Images in a step.
        augmentation: Name of an augmentation of the space.
        dropout_rate: Of the pooled features.
        learning_rate: The highest of the one-cycle schedule.
        weight_decay: Of kernels.
    """

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
    """Trial as it goes through the search.

    Attributes:
        number: As Optuna counts, infeasible ones included.
        batch: Which batch it was asked for in.
        choices: What the sampler proposed.
        spec: The network these make.
        cost: What it takes of the device.
        reason: Which limit it breaks, empty if none.
        results: One for each rung it was trained at.
        state: ``infeasible``, ``diverged``, ``pruned`` or ``complete``.
    """

    number: int
    batch: int
    choices: Choices
    spec: NetworkSpec
    cost: Cost
    reason: str
    results: list[TrialResult] = field(default_factory=list)
    state: TrialState = "pruned"

    def rank(self) -> tuple[float, float, int]:
        """Return what entries at the same rung are sorted by, the best first."""
        last = self.results[-1]
        return -last.accuracy, math.inf if last.loss is None else last.loss, self.number


@dataclass(frozen=True)
class StudyResult:
    """Trials of a search by number, and the winner on validation."""

    entries: list[Entry]
    winner: Entry


def run_study(plan: Plan, *, seed: int, log: Path, run_batch: RunBatch) -> StudyResult:
    """Search as planned.

    Args:
        plan: Where to search, how long and within which limits.
        seed: Decides every proposal and every training.
        log: File of the finished trials: what is in it is not trained again.
        run_batch: Runs jobs, in any order and anywhere, and returns their results in the jobs' order.

    Returns:
        All trials and the winner, see `choose_winner`.

    Raises:
        ParamsError: No network within the limits was proposed in ``max_asks`` proposals for a trial.
        DivergedError: No trial came through the last rung.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    search = _Search(plan, seed, log, run_batch, study)
    num_trials, batch_trials = plan.params.num_trials, plan.params.batch_trials
    for batch, first in enumerate(range(0, num_trials, batch_trials)):
        search.run_batch(batch, min(batch_trials, num_trials - first))
    finished = [entry for entry in search.entries if entry.state == "complete"]
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
        plan: How many standard errors of the best accuracy are noise.
    """
    best = _reached(min(finished, key=Entry.rank))
    noise = plan.params.tie_standard_errors * standard_error(best, plan.num_validation)
    equal = [entry for entry in finished if _reached(entry) >= best - noise]
    return min(equal, key=lambda entry: (-entry.cost.macs, entry.rank()))


def network_of(choices: Choices, plan: Plan) -> NetworkSpec:
    """Return the network that a trial's choices describe.

    The stem has half the width, and each stage twice the channels of the one before. Residual units are
    dealt out one at a time from the last stage, where they cost least, to the first and again.
    """
    params, stages = plan.params, range(plan.params.num_stages)
    return NetworkSpec(
        **dict(plan.images),
        stem_width=choices.width // 2,
        stage_widths=tuple(choices.width * 2**stage for stage in stages),
        stage_blocks=tuple((choices.depth + stage) // params.num_stages for stage in stages),
        stem_kernel_size=choices.stem_kernel_size,
        stem_stride=params.stem_stride,
        residual=params.residual,
        separable=params.separable,
        repeats=choices.repeats,
        dropout_rate=choices.dropout_rate,
    )


def recipe_of(choices: Choices, params: SearchParams, epochs: int) -> Recipe:
    """Return the recipe that a trial's choices make with what all trainings share."""
    return Recipe(
        **dict(params.schedule),
        epochs=epochs,
        batch_size=choices.batch_size,
        learning_rate=choices.learning_rate,
        weight_decay=choices.weight_decay,
        augmentation=params.space.augmentations[choices.augmentation],
    )


def cost_of(spec: NetworkSpec) -> Cost:
    """Return the cost of an untrained network as a full int8 file."""
    # The file holds equal numbers once, so a few bytes hang on the weights that the network begins with.
    seed_everything(0)
    model = build_network(spec, "untrained")
    images = np.random.default_rng(0).integers(0, 256, (2, spec.height, spec.width)).astype(np.uint8)
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
        """Propose a batch, train and halve it rung by rung, and tell the results."""
        seed = derived_seed(self._seed, "batch", batch)
        self._study.sampler = optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=self._params.startup_trials, constant_liar=True
        )
        proposed = [self._ask_feasible(batch) for _ in range(num_trials)]
        going = [entry for _, entry in proposed]
        for rung in range(len(self._params.rungs)):
            best_first = self._run_rung(going, rung)
            going = best_first[: math.ceil(len(going) / self._params.reduction)]
        for trial, entry in proposed:
            self._tell(trial, entry)

    def _ask_feasible(self, batch: int) -> tuple[optuna.Trial, Entry]:
        """Ask until a proposal keeps the limits.

        Those that do not are told as pruned, with the reason.
        """
        for _ in range(self._params.max_asks):
            trial = self._study.ask()
            entry = self._entry(trial, batch)
            self.entries.append(entry)
            if entry.state != "infeasible":
                return trial, entry
            trial.set_user_attr("infeasible", entry.reason)
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            _LOG.info("trial %d is infeasible: %s", entry.number, entry.reason)
        raise ParamsError(
            f"none of {self._params.max_asks} proposals kept the search's limits; "
            f"the last: {self.entries[-1].reason}. "
            "Raise sweep.budget or the limits of the device, or offer smaller widths and depths under sweep.space."
        )

    def _entry(self, trial: optuna.Trial, batch: int) -> Entry:
        choices = _suggest(trial, self._params.space)
        spec = network_of(choices, self._plan)
        without_dropout = spec.replace(dropout_rate=0.0)
        if without_dropout not in self._costs:
            self._costs[without_dropout] = cost_of(without_dropout)
        cost = self._costs[without_dropout]
        reason = broken_limits(cost, self._plan.limits)
        return Entry(
            trial.number, batch, choices, spec, cost, reason, state="infeasible" if reason else "pruned"
        )

    def _run_rung(self, going: list[Entry], rung: int) -> list[Entry]:
        """Train trials at a rung and return those that came through, best first.

        Results that the log already has are taken from there.
        """
        if not going:
            return []
        jobs = [self._job(entry, rung) for entry in going]
        logged = read_results(self._log)
        missing = [job for job in jobs if (job.number, job.rung) not in logged]
        trained = {
            (result.number, result.rung): result for result in (self._run(missing) if missing else [])
        }
        for entry in going:
            entry.results.append({**logged, **trained}[entry.number, rung])
            if entry.results[-1].loss is None:
                entry.state = "diverged"
            elif rung + 1 == len(self._params.rungs):
                entry.state = "complete"
        came_through = sorted((entry for entry in going if entry.state != "diverged"), key=Entry.rank)
        best = _reached(came_through[0]) if came_through else 0.0
        _LOG.info("batch %d, rung %d: best validation accuracy %.4f", going[0].batch, rung, best)
        return came_through

    def _job(self, entry: Entry, rung: int) -> TrialJob:
        plan, params, length = self._plan, self._params, self._params.rungs[rung]
        return TrialJob(
            number=entry.number,
            rung=rung,
            spec=entry.spec,
            recipe=recipe_of(entry.choices, params, length.epochs),
            num_rows=length.num_rows,
            rows_seed=derived_seed(self._seed, "rows"),
            seed=derived_seed(self._seed, "trial", entry.number, rung),
            num_threads=params.trial_threads,
            train=plan.train,
            validation=plan.validation,
            targets=plan.targets,
            distillation=params.distillation,
            log=self._log,
        )

    def _tell(self, trial: optuna.Trial, entry: Entry) -> None:
        # The sampler ranks by the rung before what was reached there, so one that diverged counts as of
        # the first.
        diverged = entry.state == "diverged"
        for result in entry.results[-1:] if diverged else entry.results:
            trial.report(result.accuracy, step=0 if diverged else result.rung)
        if entry.state == "complete":
            self._study.tell(trial, _reached(entry))
        else:
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)


def _suggest(trial: optuna.Trial, space: Space) -> Choices:
    """Let the sampler choose.

    Floats are rounded to what a table can show, so that the table says what was trained.
    """
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


def _reached(entry: Entry) -> float:
    return entry.results[-1].accuracy
