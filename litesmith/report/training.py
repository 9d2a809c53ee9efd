"""The training: learning curves, the learning rate, and what the steps cost."""

from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup

from litesmith.plots import curves
from litesmith.plots.costs import StepCost, draw_costs, total_seconds
from litesmith.report import figures
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, Record, plain

Histories = Mapping[str, Mapping[str, Sequence[float]]]


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    histories = _histories(records, inputs)
    costs = step_costs(records.made)
    return {
        "smoothing": records["sweep"]["full_training"]["recipe"]["label_smoothing"],
        "curves": [
            _curves(histories, "accuracy", "accuracy, %"),
            _curves(histories, "loss", "cross-entropy, nats"),
            _schedule(histories),
        ],
        "cost_figure": _cost_figure(costs),
        "total_cpu_s": total_seconds(costs),
    }


def _histories(records: Records, inputs: ReportInputs) -> Histories:
    """Return the histories, those of fine-tunings counted on; of those for conversion, the optimized model's alone."""
    histories = dict(inputs.histories)
    if "pruned" in histories and "tuned" in histories:
        histories["pruned"] = curves.continued(histories["pruned"], histories["tuned"])
    found = records["quantize"]["variants"].optional(records.optimized) or {"history": None, "parent": None}
    rows, parent = plain(found["history"], []), plain(found["parent"], "")
    if rows and parent in histories:
        columns = {name: [row[name] for row in rows] for name in rows[0]}
        histories[records.optimized] = curves.continued(columns, histories[parent])
    return histories


def numbers(records: Records, _inputs: ReportInputs) -> dict[str, Any]:
    """Return what was worked out here as plain data."""
    return {"total_cpu_s": total_seconds(step_costs(records.made))}


def step_costs(made: Mapping[str, Record]) -> list[StepCost]:
    """Return what each step took, as it recorded it."""
    return [
        StepCost(step, *(plain(record[key], None) for key in ("cpu_s", "wall_s", "peak_memory_mb")))
        for step, record in made.items()
    ]


def _curves(histories: Histories, column: str, label: str) -> Markup | Absent:
    series = curves.curve_series(histories, column)
    if not series:
        return Absent(f"no training history holds a column {column}")
    models = " and ".join(dict.fromkeys(line.model for line in series))
    ends = "; ".join(f"{line.model} {line.split} {line.values[-1]:.4f}" for line in series)
    what = column.capitalize()
    description = f"{what} of {models} by epoch, on train and validation. At the end: {ends}."
    return figures.drawn(
        f"curves-{column}",
        description,
        curves.draw_curves,
        series,
        f"{what} while training",
        label,
        in_percent=column == "accuracy",
    )


def _schedule(histories: Histories) -> Markup | Absent:
    found = curves.curve_series(histories, "learning_rate")
    # The rate at the end of an only epoch tells nothing of a schedule, and is near zero.
    series = [line for line in found if len(line.values) > 1] or found
    if not series:
        return Absent("no training history holds a column learning_rate")
    ranges = "; ".join(f"{line.model} from {max(line.values):.4g} to {line.values[-1]:.4g}" for line in series)
    description = f"Learning rate at the end of each epoch, the highest and the last: {ranges}."
    return figures.drawn("schedule", description, curves.draw_schedule, series)


def _cost_figure(costs: Sequence[StepCost]) -> Markup | Absent:
    if not any(cost.cpu_s or cost.wall_s for cost in costs):
        return Absent("no step recorded what it took")
    dearest = max(costs, key=lambda cost: cost.cpu_s or 0.0)
    description = (
        f"CPU-seconds, wall seconds and the memory of the largest process of {len(costs)} steps, "
        f"{total_seconds(costs):.0f} CPU-seconds in all. {dearest.step} took the most: {dearest.cpu_s or 0.0:.0f}."
    )
    return figures.drawn("costs", description, draw_costs, costs)
