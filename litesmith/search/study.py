"""Search for a network within the device's budget: ask Optuna, halve synchronously, tell in the order of the trials.

Trials are asked for in batches of a fixed size, with a sampler seeded for each batch, and a batch is told only when all
of it is done. So the study depends on the seed alone, not on who ran the trials, how many at once, or how often it was
killed and begun again.

Source: successive halving after Jamieson and Talwalkar, arXiv:1502.07943; the sampler is Optuna's tree-structured
Parzen estimator.
"""

import logging
import math
from collections.abc import Callable, Mapping, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import numpy as np
import optuna

from litesmith.analysis.pareto import standard_error
from litesmith.device.limits import Cost, Limits, broken_limits
from litesmith.errors import DivergedError, ParamsError
from litesmith.records.sweep import TrialState
from litesmith.search.trial import TrialJob, TrialResult, read_results
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training.augmentation import Augmentation
from litesmith.training.backend import derived_seed, seed_everything
from litesmith.training.distillation import Share
from litesmith.training.loop import Recipe, Schedule
from litesmith.training.networks import (
    NetworkSpec,
    build_network,
    count_macs,
    peak_activation_bytes,
    with_dropout,
)

_LOG = logging.getLogger(__name__)

RunBatch = Callable[[list[TrialJob]], list[TrialResult]]


@dataclass(frozen=True)
class Space:
    """What the sweep chooses from.

    Attributes:
        widths: Channels of the first stage; the stem has half, the second stage twice as many.
        depths: Residual units in all.
        repeats: Times that a residual unit runs in a row.
        stem_kernel_sizes: Sides of the first convolution.
        dropout_rates: Lowest and highest.
        batch_sizes: Images in a step.
        learning_rates: Lowest and highest of the one-cycle's peak, tried on a logarithmic scale.
        weight_decays: Lowest and highest, tried on a logarithmic scale.
        augmentations: By name.
    """

    widths: Sequence[int]
    depths: Sequence[int]
    repeats: Sequence[int]
    stem_kernel_sizes: Sequence[int]
    dropout_rates: tuple[float, float]
    batch_sizes: Sequence[int]
    learning_rates: tuple[float, float]
    weight_decays: tuple[float, float]
    augmentations: Mapping[str, Augmentation]


@dataclass(frozen=True)
class Family:
    """What all networks of a search share.

    Attributes:
        height: Of an image, in pixels.
        width: Of an image, in pixels.
        num_classes: Probabilities that come out.
        num_stages: Each at half the resolution of the one before and twice the channels.
        stem_stride: Pixels that the first convolution steps, 1 or 2.
        residual: Whether the units after a stage's first one add to what they were given.
        separable: Whether the units are depthwise-separable.
    """

    height: int
    width: int
    num_classes: int
    num_stages: int
    stem_stride: int
    residual: bool
    separable: bool


@dataclass(frozen=True)
class Rung:
    """How long the trials that reach a rung are trained.

    Attributes:
        epochs: Of a full one-cycle schedule from scratch.
        num_rows: Training images.
    """

    epochs: int
    num_rows: int


@dataclass(frozen=True)
class Plan:
    """A whole search.

    Attributes:
        num_trials: Feasible trials in all.
        batch_trials: Trials asked for together, halved among themselves.
        startup_trials: Proposals drawn at random before the sampler learns, those that break a limit among them.
        max_asks: Proposals for each trial before the limits are called unreachable.
        reduction: One in so many trials goes on to the next rung.
        rungs: From the shortest to the longest.
        tie_standard_errors: Standard errors of an accuracy below the best that still count as equal.
        space: What is chosen from.
        limits: What every network must keep.
        schedule: What all trainings share.
        share: How much all heed the teachers, if there are any.
        family: What all networks share.
        num_threads: Threads of each trial.
        train: Folder of the training split.
        validation: Folder of the validation split.
        num_validation: Its images.
        lesson: Folder of what the teachers say about the training split.
    """

    num_trials: int
    batch_trials: int
    startup_trials: int
    max_asks: int
    reduction: int
    rungs: Sequence[Rung]
    tie_standard_errors: float
    space: Space
    limits: Limits
    schedule: Schedule
    family: Family
    share: Share
    num_threads: int
    train: Path
    validation: Path
    num_validation: int
    lesson: Path


@dataclass
class Entry:
    """A trial as it goes through the search.

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
    choices: dict[str, Any]
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
    """Every trial of a search in the order asked, and the one that won on validation."""

    entries: list[Entry]
    winner: Entry

    def to_plain(self, plan: Plan) -> dict[str, Any]:
        """Return the study as JSON can hold it, without anything that differs when it is repeated."""
        winner = self.winner
        return {
            "winner": {
                "number": winner.number,
                "choices": winner.choices,
                "network": winner.spec.to_plain(),
                "validation_accuracy": _reached(winner),
                **asdict(winner.cost),
            },
            "trials": [_plain_trial(entry, plan) for entry in self.entries],
            "limits": asdict(plan.limits),
        }

    def timings(self) -> list[dict[str, float]]:
        """Return the CPU-seconds of each trial at each rung."""
        results = [result for entry in self.entries for result in entry.results]
        return [{"number": one.number, "rung": one.rung, "cpu_s": one.cpu_s} for one in results]


def run_study(plan: Plan, *, seed: int, log: Path, run_batch: RunBatch) -> StudyResult:
    """Search as planned.

    Args:
        plan: What to search, how long and within which limits.
        seed: Decides every proposal and every training.
        log: Finished trials, in and out: what is in it is not trained again.
        run_batch: Runs jobs, in any order and anywhere, and returns their results in the jobs' order.

    Returns:
        All trials and the winner, see `choose_winner`.

    Raises:
        ParamsError: No network within the limits was proposed in ``plan.max_asks`` proposals for each trial.
        DivergedError: No trial came through the last rung.
    """
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    search = _Search(plan, seed, log, run_batch, study)
    for batch, first in enumerate(range(0, plan.num_trials, plan.batch_trials)):
        search.run_batch(batch, min(plan.batch_trials, plan.num_trials - first))
    finished = [entry for entry in search.entries if entry.state == "complete"]
    if not finished:
        raise DivergedError("every trial's loss left the numbers. Lower sweep.space.learning_rates.")
    return StudyResult(search.entries, choose_winner(finished, plan))


def choose_winner(finished: Sequence[Entry], plan: Plan) -> Entry:
    """Return the network with the most work among those whose accuracy on validation equals the best but for noise.

    A short training favours small networks, which learn faster; the full one that the winner gets favours large ones.
    So what the trials cannot tell apart is decided by multiply-accumulates, then by accuracy and loss.

    Args:
        finished: Trials that came through the last rung, at least one.
        plan: How many standard errors of the best accuracy are noise.
    """
    best = _reached(min(finished, key=Entry.rank))
    noise = plan.tie_standard_errors * standard_error(best, plan.num_validation)
    equal = [entry for entry in finished if _reached(entry) >= best - noise]
    return min(equal, key=lambda entry: (-entry.cost.macs, entry.rank()))


def network_of(choices: Mapping[str, Any], family: Family) -> NetworkSpec:
    """Return the network that a trial's choices make.

    Residual units are dealt out one at a time from the last stage, where they cost least, to the first and again.
    """
    width, depth, stages = choices["width"], choices["depth"], range(family.num_stages)
    return NetworkSpec(
        height=family.height,
        width=family.width,
        num_classes=family.num_classes,
        stem_width=width // 2,
        stage_widths=tuple(width * 2**stage for stage in stages),
        stage_blocks=tuple((depth + stage) // family.num_stages for stage in stages),
        stem_kernel_size=choices["stem_kernel_size"],
        stem_stride=family.stem_stride,
        residual=family.residual,
        separable=family.separable,
        repeats=choices["repeats"],
        dropout_rate=choices["dropout_rate"],
    )


def recipe_of(choices: Mapping[str, Any], plan: Plan, epochs: int) -> Recipe:
    """Return the recipe that a trial's choices make with what all trainings share."""
    return Recipe(
        **asdict(plan.schedule),
        epochs=epochs,
        batch_size=choices["batch_size"],
        learning_rate=choices["learning_rate"],
        weight_decay=choices["weight_decay"],
        augmentation=plan.space.augmentations[choices["augmentation"]],
    )


def cost_of(spec: NetworkSpec) -> Cost:
    """Convert the untrained network to full int8 and return what it takes of the device."""
    # The file holds equal numbers once, so a few bytes hang on the weights that the network begins with.
    seed_everything(0)
    model = build_network(spec, "untrained")
    images = np.random.default_rng(0).integers(0, 256, (2, spec.height, spec.width)).astype(np.uint8)
    return Cost(len(INT8.convert(model, images)), count_macs(model), peak_activation_bytes(model))


class _Search:
    """The state of a running search."""

    def __init__(self, plan: Plan, seed: int, log: Path, run_batch: RunBatch, study: Any) -> None:
        self.entries: list[Entry] = []
        self._plan, self._seed, self._log, self._run, self._study = plan, seed, log, run_batch, study
        self._costs: dict[NetworkSpec, Cost] = {}

    def run_batch(self, batch: int, num_trials: int) -> None:
        """Ask for a batch, train it rung by rung, halve it after each, and tell what came of it."""
        seed = derived_seed(self._seed, "batch", batch)
        startup = self._plan.startup_trials
        self._study.sampler = optuna.samplers.TPESampler(
            seed=seed, n_startup_trials=startup, constant_liar=True
        )
        asked = [self._ask_feasible(batch) for _ in range(num_trials)]
        going, reduction = [entry for _, entry in asked], self._plan.reduction
        for rung in range(len(self._plan.rungs)):
            best_first = self._run_rung(going, rung)
            going = (
                []
                if rung + 1 == len(self._plan.rungs)
                else best_first[: math.ceil(len(going) / reduction)]
            )
        for trial, entry in asked:
            self._tell(trial, entry)

    def _ask_feasible(self, batch: int) -> tuple[Any, Entry]:
        """Ask until a proposal keeps the limits; those that do not are told as pruned, with the reason."""
        for _ in range(self._plan.max_asks):
            trial = self._study.ask()
            entry = self._entry(trial, batch)
            self.entries.append(entry)
            if entry.state != "infeasible":
                return trial, entry
            trial.set_user_attr("infeasible", entry.reason)
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)
            _LOG.info("trial %d is infeasible: %s", entry.number, entry.reason)
        raise ParamsError(
            f"none of {self._plan.max_asks} proposals kept the device's limits; the last: {self.entries[-1].reason}. "
            "Raise the limits under device, or offer smaller widths and depths under sweep.space."
        )

    def _entry(self, trial: Any, batch: int) -> Entry:
        choices = _suggest(trial, self._plan.space)
        spec = network_of(choices, self._plan.family)
        shape = with_dropout(spec, 0.0)
        if shape not in self._costs:
            self._costs[shape] = cost_of(shape)
        cost = self._costs[shape]
        reason = broken_limits(cost, self._plan.limits)
        return Entry(
            trial.number, batch, choices, spec, cost, reason, state="infeasible" if reason else "pruned"
        )

    def _run_rung(self, going: list[Entry], rung: int) -> list[Entry]:
        """Train ``going`` at a rung, but for what the log already has; return those that came through, best first."""
        if not going:
            return []
        jobs = [self._job(entry, rung) for entry in going]
        logged = read_results(self._log)
        missing = [job for job in jobs if (job.number, job.rung) not in logged]
        made = {
            (result.number, result.rung): result for result in (self._run(missing) if missing else [])
        }
        for entry in going:
            entry.results.append({**logged, **made}[entry.number, rung])
            if entry.results[-1].loss is None:
                entry.state = "diverged"
            elif rung + 1 == len(self._plan.rungs):
                entry.state = "complete"
        came_through = sorted((entry for entry in going if entry.state != "diverged"), key=Entry.rank)
        best = _reached(came_through[0]) if came_through else 0.0
        _LOG.info("batch %d, rung %d: best validation accuracy %.4f", going[0].batch, rung, best)
        return came_through

    def _job(self, entry: Entry, rung: int) -> TrialJob:
        plan, length = self._plan, self._plan.rungs[rung]
        return TrialJob(
            number=entry.number,
            rung=rung,
            spec=entry.spec,
            recipe=recipe_of(entry.choices, plan, length.epochs),
            num_rows=length.num_rows,
            rows_seed=derived_seed(self._seed, "rows"),
            seed=derived_seed(self._seed, "trial", entry.number, rung),
            num_threads=plan.num_threads,
            train=str(plan.train),
            validation=str(plan.validation),
            lesson=str(plan.lesson),
            share=plan.share,
            log=str(self._log),
        )

    def _tell(self, trial: Any, entry: Entry) -> None:
        # The sampler ranks by the rung before what was reached there, so one that diverged counts as of the first.
        diverged = entry.state == "diverged"
        for result in entry.results[-1:] if diverged else entry.results:
            trial.report(result.accuracy, step=0 if diverged else result.rung)
        if entry.state == "complete":
            self._study.tell(trial, _reached(entry))
        else:
            self._study.tell(trial, state=optuna.trial.TrialState.PRUNED)


def _plain_trial(entry: Entry, plan: Plan) -> dict[str, Any]:
    rungs = [
        {"rung": one.rung, **asdict(plan.rungs[one.rung]), "accuracy": one.accuracy, "loss": one.loss}
        for one in entry.results
    ]
    known = {"number": entry.number, "batch": entry.batch, "state": entry.state, "reason": entry.reason}
    return {**known, "choices": entry.choices, **asdict(entry.cost), "rungs": rungs}


def _suggest(trial: Any, space: Space) -> dict[str, Any]:
    """Let the sampler choose; floats are rounded to what a table can show, so that the table says what was trained."""
    floats = {
        "dropout_rate": trial.suggest_float("dropout_rate", *space.dropout_rates),
        "learning_rate": trial.suggest_float("learning_rate", *space.learning_rates, log=True),
        "weight_decay": trial.suggest_float("weight_decay", *space.weight_decays, log=True),
    }
    return {
        "width": trial.suggest_categorical("width", list(space.widths)),
        "depth": trial.suggest_categorical("depth", list(space.depths)),
        "repeats": trial.suggest_categorical("repeats", list(space.repeats)),
        "stem_kernel_size": trial.suggest_categorical("stem_kernel_size", list(space.stem_kernel_sizes)),
        "batch_size": trial.suggest_categorical("batch_size", list(space.batch_sizes)),
        "augmentation": trial.suggest_categorical("augmentation", list(space.augmentations)),
        **{name: float(f"{value:.4g}") for name, value in floats.items()},
    }


def _reached(entry: Entry) -> float:
    return entry.results[-1].accuracy
