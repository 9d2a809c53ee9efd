"""The sweep: its trials against cost, by hyperparameter, and as a table."""

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup

from litesmith.documents.formats import count, points
from litesmith.records.sweep import Choices, RungFrontier, SweepResult, Trial
from litesmith.report import drawing
from litesmith.report.drawing import Captioned
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.sweep import figures


@dataclass(frozen=True)
class TrialRow:
    """A trial as a row of the table.

    Attributes:
        trial: The trial.
        state: Its state, where it stopped or which limit it breaks.
        won: Whether it is the winner.
        accuracies: On validation, by rung; None where it was not trained.
        cpu_s: CPU-seconds of all its rungs; None if it was not trained.
    """

    trial: Trial
    state: str
    won: bool
    accuracies: tuple[float | None, ...]
    cpu_s: float | None

    @property
    def choices(self) -> Choices:
        """Its hyperparameters."""
        return self.trial.choices


@dataclass(frozen=True)
class SweepSection:
    """What the section shows.

    Attributes:
        result: The result of the sweep.
        frontiers: Accuracy against bytes, and against CPU-seconds.
        slices: Each hyperparameter against accuracy.
        importances: How much each decided; None if the sweep has no estimate.
        rungs: How long the trials of each rung were trained, in words.
        rows: A row for each trial.
    """

    result: SweepResult
    frontiers: tuple[Captioned, ...]
    slices: Markup
    importances: Markup | None
    rungs: tuple[str, ...]
    rows: tuple[TrialRow, ...]


def build(inputs: ReportInputs) -> SweepSection:
    """Return what the section shows."""
    sweep, timing = inputs.results.sweep, inputs.results.sweep_timing
    return SweepSection(
        result=sweep,
        frontiers=(
            _frontier_figure(
                sweep.frontiers, "bytes", "int8 file, bytes", sweep.limits.max_tflite_bytes
            ),
            _frontier_figure(timing.frontiers, "CPU-seconds", "CPU-seconds of the training"),
        ),
        slices=_slice_figure(sweep),
        importances=_importance_figure(sweep) if sweep.importances else None,
        rungs=tuple(figures.trained_words(frontier) for frontier in sweep.frontiers),
        rows=trial_rows(inputs),
    )


def trial_rows(inputs: ReportInputs) -> tuple[TrialRow, ...]:
    """Return a row for each trial, in the order of the proposals."""
    sweep, num_rungs = inputs.results.sweep, len(inputs.results.sweep.frontiers)
    seconds: dict[int, float] = {}
    for time in inputs.results.sweep_timing.trials:
        seconds[time.number] = seconds.get(time.number, 0.0) + time.cpu_s
    return tuple(
        TrialRow(
            trial=trial,
            state=state_words(trial),
            won=trial.number == sweep.winner.number,
            accuracies=tuple(
                next((rung.accuracy for rung in trial.rungs if rung.rung == number), None)
                for number in range(num_rungs)
            ),
            cpu_s=seconds.get(trial.number),
        )
        for trial in sweep.trials
    )


def state_words(trial: Trial) -> str:
    """Return a trial's state, with the rung or the limit that ended it."""
    if trial.state == "infeasible":
        return f"infeasible: {trial.reason}"
    return f"pruned at rung {trial.rungs[-1].rung}" if trial.state == "pruned" else trial.state


def tie_words(frontier: RungFrontier, unit: str) -> str:
    """Return a sentence on the trials that tie with the best."""
    best = max(frontier.points, key=lambda point: (point.accuracy, -point.cost))
    near = [point for point in frontier.points if point.accuracy >= best.accuracy - frontier.margin]
    margin = f"one standard error ({points(frontier.margin).removeprefix('+')} points)"
    lead = (
        f"After {figures.trained_words(frontier)} trial {best.number} was best "
        f"with {100 * best.accuracy:.2f} %. "
    )
    if len(near) == 1:
        return f"{lead}No other is within {margin} of it."
    others = ", ".join(str(number) for number in sorted(point.number for point in near if point != best))
    cheapest = min(near, key=lambda point: point.cost)
    return (
        f"{lead}Within {margin} of it: {others}; "
        f"the cheapest of all these is {cheapest.number} with {count(cheapest.cost)} {unit}."
    )


def _frontier_figure(
    frontiers: Sequence[RungFrontier], unit: str, label: str, limit: float | None = None
) -> Captioned:
    words = tie_words(frontiers[-1], unit)
    description = (
        f"Validation accuracy of the trials against {label}, with the frontier of each rung. {words}"
    )
    figure = drawing.drawn(
        f"trials-{unit.lower()}",
        description,
        figures.draw_frontiers,
        frontiers,
        f"Accuracy against {unit}",
        label,
        limit,
    )
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
    return drawing.drawn(
        "importance", description, figures.draw_importances, sweep.importances, num_trials
    )


SECTION = Section("sweep", "Sweep", build)
