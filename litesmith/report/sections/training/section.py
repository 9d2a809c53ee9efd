"""Training: learning curves, the learning rate, and the cost of the steps."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from math import nan

from litesmith.records.baseline import BaselineResult
from litesmith.records.provenance import Provenance
from litesmith.records.record import EpochScores
from litesmith.report import drawing
from litesmith.report.drawing import Captioned
from litesmith.report.inputs import History, ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.training import figures


@dataclass(frozen=True)
class TrainingSection:
    """What the section shows; the curves are accuracy, loss and learning rate by epoch."""

    curves: tuple[Captioned, ...]
    smoothings: Mapping[str, float]
    num_teachers: int
    steps: tuple[Provenance, ...]
    total_cpu_s: float
    cost_figure: Captioned
    baseline: BaselineResult
    baseline_summary: str


def build(inputs: ReportInputs) -> TrainingSection:
    """Return what the section shows."""
    histories, steps = continued_histories(inputs), tuple(inputs.provenance.values())
    return TrainingSection(
        curves=(
            _curves(histories, "accuracy", "accuracy, %"),
            _curves(histories, "loss", "cross-entropy, nats"),
            _schedule(histories),
        ),
        smoothings=smoothings(inputs),
        num_teachers=inputs.results.teach.num_teachers,
        steps=steps,
        total_cpu_s=sum(step.cpu_s for step in steps),
        cost_figure=_cost_figure(steps),
        baseline=inputs.results.baseline,
        baseline_summary=inputs.baseline_summary,
    )


def smoothings(inputs: ReportInputs) -> dict[str, float]:
    """Return the label smoothing of each model in the figures."""
    results, model = inputs.results, inputs.final_variant.model
    tuned, pruned = results.sweep.full_training.recipe, results.prune.recipe
    shown = {"baseline": 0.0, "tuned": tuned.label_smoothing, "pruned": pruned.label_smoothing}
    if results.teach.num_teachers:
        shown["teacher"] = results.teach.recipe.label_smoothing
    variant = results.quantize.variants.get(model)
    if variant is not None and variant.history:
        shown[model] = results.quantize.recipe.label_smoothing
    return shown


def continued_histories(inputs: ReportInputs) -> dict[str, History]:
    """Return the histories, those of fine-tunings with epochs counted on from their parent's.

    Of the models that were fine-tuned for conversion, that of the final file alone.
    """
    histories, model = dict(inputs.histories), inputs.final_variant.model
    for tuned, parent in _FINE_TUNED:
        histories[tuned] = _continued(histories[tuned], histories[parent])
    variant = inputs.results.quantize.variants.get(model)
    if variant is not None:
        rows = [epoch.model_dump() for epoch in variant.history]
        columns = {
            name: tuple(nan if row[name] is None else float(row[name]) for row in rows)
            for name in EpochScores.model_fields
        }
        histories[model] = _continued(columns, histories[variant.parent])
    return histories


# Models whose epochs are counted on from those of another.
_FINE_TUNED = (("pruned", "tuned"),)


def _continued(history: History, parent: History) -> History:
    last = max(parent["epoch"], default=0.0)
    return {**history, "epoch": tuple(epoch + last for epoch in history["epoch"])}


def _curves(histories: Mapping[str, History], column: str, label: str) -> Captioned:
    curves, quantity = figures.curves_of(histories, column), column.capitalize()
    models = " and ".join(dict.fromkeys(line.model for line in curves))
    ends = "; ".join(f"{line.model} {line.split} {line.values[-1]:.4f}" for line in curves)
    description = f"{quantity} of {models} by epoch, on train and validation. At the end: {ends}."
    title, in_percent, draw = f"{quantity} while training", column == "accuracy", figures.draw_curves
    name = f"curves-{column}"
    figure = drawing.drawn(name, description, draw, curves, title, label, in_percent=in_percent)
    caption = f"{figures.outside_words(curves)} {_left_out(histories)}".strip()
    return Captioned(figure, caption)


def _schedule(histories: Mapping[str, History]) -> Captioned:
    curves = figures.curves_of(histories, "learning_rate")
    # The rate at the end of an only epoch tells nothing of a schedule, and is near zero.
    schedules = [line for line in curves if len(line.values) > 1] or curves
    ranges = "; ".join(
        f"{line.model} from {max(line.values):.4g} to {line.values[-1]:.4g}" for line in schedules
    )
    description = f"Learning rate at the end of each epoch, the highest and the last: {ranges}."
    short = {line.model: "one epoch, no schedule" for line in curves if line not in schedules}
    figure = drawing.drawn("schedule", description, figures.draw_schedule, schedules)
    return Captioned(figure, _left_out(histories, short))


def _left_out(histories: Mapping[str, History], reasons: Mapping[str, str] = {}) -> str:
    """Return a sentence on the models that a figure leaves out, if any."""
    untrained = {model: "not trained" for model, history in histories.items() if not history["epoch"]}
    models = "; ".join(f"{model} ({reason})" for model, reason in {**untrained, **reasons}.items())
    return f"Not drawn: {models}." if models else ""


def _cost_figure(steps: Sequence[Provenance]) -> Captioned:
    total_s, dearest = sum(step.cpu_s for step in steps), max(steps, key=lambda step: step.cpu_s)
    description = (
        f"CPU-seconds, wall seconds and the memory of the largest process of {len(steps)} steps, "
        f"{total_s:.0f} CPU-seconds in all. {dearest.step} took the most: {dearest.cpu_s:.0f}."
    )
    return Captioned(
        drawing.drawn("costs", description, figures.draw_costs, steps),
        "CPU: all processes of the step together, so that two busy cores count two seconds each second.",
    )


SECTION = Section("training", "Training", build)
