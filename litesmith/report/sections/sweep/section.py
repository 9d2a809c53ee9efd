"""The sweep: its trials against cost, by hyperparameter, and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from litesmith.documents.chance import span_words
from litesmith.records.sweep import Choice, Choices, Refused, RungFrontier, SweepResult, Trial
from litesmith.report import drawing
from litesmith.report.drawing import Captioned
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.sweep import figures
from litesmith.wording import count, points


@dataclass(frozen=True)
class TrialRow:
    """A trial as a row of the table.

    Attributes:
        state: With the rung where it stopped.
        accuracies: On validation, by rung; None where it was not trained.
        choices: Its values of what differs between trials.
        cpu_s: CPU-seconds of all its rungs.
    """

    trial: Trial
    state: str
    won: bool
    accuracies: tuple[float | None, ...]
    choices: tuple[Choice, ...]
    cpu_s: float


@dataclass(frozen=True)
class SweepSection:
    """What the section shows.

    Attributes:
        frontiers: Accuracy against bytes, and against CPU-seconds.
        slices: Accuracy by value of each hyperparameter.
        importances: None if the sweep has no estimate.
        rungs: How long the trials of each rung were trained, in words.
        varied: Names of the hyperparameters that differ between trials.
        equal: The others, with the value that all trials have.
        refused: By which limits how many proposals were refused, in words; empty if none was.
        cpu_s: CPU-seconds of all trials.
        chance: Whether the trials of the last rung differ by more than chance explains.
    """

    result: SweepResult
    frontiers: tuple[Captioned, ...]
    slices: Markup
    importances: Markup | None
    rungs: tuple[str, ...]
    varied: tuple[str, ...]
    equal: Choices
    refused: str
    rows: tuple[TrialRow, ...]
    cpu_s: float
    chance: str


def build(inputs: ReportInputs) -> SweepSection:
    """Return what the section shows."""
    sweep, timing = inputs.results.sweep, inputs.results.sweep_timing
    limit = sweep.limits.max_tflite_bytes
    by_bytes = _frontier_figure(sweep.frontiers, "bytes", "int8 file, bytes", limit)
    by_time = _frontier_figure(timing.frontiers, "CPU-seconds", "CPU-seconds of the training")
    varied, first = figures.varied(sweep.trials), sweep.trials[0].choices
    return SweepSection(
        result=sweep,
        frontiers=(by_bytes, by_time),
        slices=_slice_figure(sweep),
        importances=_importance_figure(sweep) if sweep.importances else None,
        rungs=tuple(figures.trained_words(frontier) for frontier in sweep.frontiers),
        varied=varied,
        equal={name: value for name, value in first.items() if name not in varied},
        refused=refused_words(sweep.refused),
        rows=trial_rows(inputs),
        cpu_s=sum(time.cpu_s for time in timing.trials),
        chance=span_words(sweep.frontiers[-1].points, sweep.frontiers[-1].margin),
    )


def trial_rows(inputs: ReportInputs) -> tuple[TrialRow, ...]:
    """Return a row for each trial, in the order of the proposals."""
    sweep = inputs.results.sweep
    seconds: dict[int, float] = {}
    for time in inputs.results.sweep_timing.trials:
        seconds[time.number] = seconds.get(time.number, 0.0) + time.cpu_s
    rows, varied = [], figures.varied(sweep.trials)
    for trial in sweep.trials:
        reached = {rung.rung: rung.accuracy for rung in trial.rungs}
        accuracies = tuple(reached.get(number) for number in range(len(sweep.frontiers)))
        won, choices = trial.number == sweep.winner.number, tuple(trial.choices[name] for name in varied)
        cpu_s = seconds[trial.number]
        rows.append(TrialRow(trial, state_words(trial), won, accuracies, choices, cpu_s))
    return tuple(rows)


def refused_words(refused: Refused) -> str:
    """Return how many proposals broke which limit; a proposal may break several."""
    counts = {
        "bytes": refused.tflite_bytes,
        "multiply-accumulates": refused.macs,
        "bytes of activations": refused.activation_bytes,
    }
    return ", ".join(f"{count(number)} by {what}" for what, number in counts.items() if number)


def state_words(trial: Trial) -> str:
    """Return a trial's state, with the rung that ended it."""
    return f"pruned at rung {trial.rungs[-1].rung}" if trial.state == "pruned" else trial.state


def tie_words(frontier: RungFrontier, unit: str) -> str:
    """Return a sentence on the trials that tie with the best."""
    best = max(frontier.points, key=lambda point: (point.accuracy, -point.cost))
    near = [point for point in frontier.points if point.accuracy >= best.accuracy - frontier.margin]
    margin = f"one standard error ({points(frontier.margin).removeprefix('+')} points)"
    trained, reached = figures.trained_words(frontier), f"{100 * best.accuracy:.2f} %"
    lead = f"After {trained} trial {best.number} was best with {reached}."
    if len(near) == 1:
        return f"{lead} No other is within {margin} of it."
    others = ", ".join(str(number) for number in sorted(point.number for point in near if point != best))
    cheapest = min(near, key=lambda point: point.cost)
    last = f"the cheapest of all these is {cheapest.number} with {count(cheapest.cost)} {unit}."
    return f"{lead} Within {margin} of it: {others}; {last}"


def _frontier_figure(
    frontiers: Sequence[RungFrontier], unit: str, label: str, limit: float | None = None
) -> Captioned:
    words, title, name = (
        tie_words(frontiers[-1], unit),
        f"Accuracy against {unit}",
        f"trials-{unit.lower()}",
    )
    about = f"Validation accuracy of the trials against {label}, with the frontier of each rung. {words}"
    figure = drawing.drawn(name, about, figures.draw_frontiers, frontiers, title, label, limit)
    return Captioned(figure, words)


def _slice_figure(sweep: SweepResult) -> Markup:
    slices = figures.slices(sweep.trials, sweep.winner.number)
    trained = figures.trained_words(sweep.frontiers[0])
    description = (
        f"Validation accuracy of {len(slices[0].points)} trials after {trained} "
        f"against each of: {', '.join(panel.title for panel in slices)}."
    )
    return drawing.drawn("slices", description, figures.draw_slices, slices, trained)


def _importance_figure(sweep: SweepResult) -> Markup:
    num_trials = len(sweep.frontiers[0].points)
    shares = "; ".join(
        f"{estimate.name.replace('_', ' ')} {100 * estimate.share:.0f} %"
        for estimate in sweep.importances
    )
    description = f"Estimated importance of each hyperparameter, from {num_trials} trials: {shares}."
    draw = figures.draw_importances
    return drawing.drawn("importance", description, draw, sweep.importances, num_trials)


SECTION = Section("sweep", "Sweep", build)
