"""The training: learning curves, the learning rate, and what the steps cost."""

from collections.abc import Mapping, Sequence
from math import nan
from typing import Any

from litesmith.report import drawing
from litesmith.report.drawing import Captioned
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, Record, plain
from litesmith.report.sections.training import figures
from litesmith.report.sections.training.costs import StepCost, draw_costs, total_seconds

Histories = Mapping[str, Mapping[str, Sequence[float]]]

# The models that every run trains.
_MODELS = ("baseline", "tuned", "pruned")


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    histories = _histories(records, inputs)
    costs = step_costs(records.made)
    return {
        "smoothings": smoothings(records),
        "curves": [
            _curves(histories, "accuracy", "accuracy, %"),
            _curves(histories, "loss", "cross-entropy, nats"),
            _schedule(histories),
        ],
        "cost_figure": _cost_figure(costs),
        "total_cpu_s": total_seconds(costs),
    }


def smoothings(records: Records) -> dict[str, Any]:
    """Return the label smoothing of each model that the figures show, 0 where its recipe has none."""
    recipes = {
        "tuned": records["sweep"]["full_training"]["recipe"],
        "pruned": records["prune"]["recipe"],
    }
    if plain(records["teach"]["num_teachers"], 0):
        recipes["teacher"] = records["teach"]["recipe"]
    found = records["quantize"]["variants"].optional(records.optimized)
    if found and plain(found["history"], []):
        recipes[records.optimized] = records["quantize"]["recipe"]
    # the baseline's recipe is of its own kind, and names label smoothing only if it has any
    baseline = records["baseline"]["recipe"].optional("label_smoothing")
    own = {"baseline": 0.0 if baseline is None else baseline}
    return own | {model: recipe["label_smoothing"] for model, recipe in recipes.items()}


def _histories(records: Records, inputs: ReportInputs) -> Histories:
    """Return the histories, those of fine-tunings counted on; of those for conversion, the optimized model's alone.

    A model that a run without it rightly has no history of is left out; any other is there, if need be with nothing.
    """
    histories = {**{model: {} for model in _MODELS}, **inputs.histories}
    if not plain(records["teach"]["num_teachers"], 1):
        histories.pop("teacher", None)
    histories["pruned"] = figures.continued(histories["pruned"], histories["tuned"])
    found = records["quantize"]["variants"].optional(records.optimized)
    if found:
        columns, parent = _columns(plain(found["history"], [])), plain(found["parent"], "")
        histories[records.optimized] = figures.continued(columns, histories.get(parent, {}))
    return histories


def _columns(rows: Sequence[Any]) -> dict[str, list[float]]:
    """Return the columns of a history that was recorded row by row, NaN where a value is not there."""
    known = [row if isinstance(row, dict) else {} for row in rows]
    names = dict.fromkeys(name for row in known for name in row)
    return {
        name: [nan if row.get(name) is None else float(row[name]) for row in known] for name in names
    }


def left_out(histories: Histories, column: str, splits: Mapping[str, str]) -> str:
    """Say which lines of a figure are missing or have gaps, and why; nothing if all are whole.

    Args:
        histories: The columns of each model.
        column: Which the figure shows.
        splits: Where it has lines for, in words such as ``on train``, with what the names of those columns begin with.
    """
    lacks = [
        lack
        for model, history in histories.items()
        for lack in (_lacks(history, column, splits) if history.get("epoch") else [_NO_EPOCH])
        for lack in [f"{model} {lack}"]
    ]
    return f"Left out: {'; '.join(lacks)}." if lacks else ""


_NO_EPOCH = "(its history holds no epoch: it was not trained, or that was not recorded)"


def _lacks(history: Mapping[str, Sequence[float]], column: str, splits: Mapping[str, str]) -> list[str]:
    """Return what one model's history lacks for a figure, in words that follow its name."""
    num_epochs, lacks = len(history["epoch"]), []
    for split, prefix in splits.items():
        known = figures.num_known(history, prefix + column)
        if not known:
            lacks.append(f"{split} (its history holds no {prefix + column})".strip())
        elif known < num_epochs:
            gap = f"in {num_epochs - known} of {num_epochs} epochs (no {prefix + column} recorded)"
            lacks.append(f"{split} {gap}".strip())
    return lacks


def numbers(records: Records, _inputs: ReportInputs) -> dict[str, Any]:
    """Return what was worked out here as plain data."""
    return {"total_cpu_s": total_seconds(step_costs(records.made))}


def step_costs(made: Mapping[str, Record]) -> list[StepCost]:
    """Return what each step took, as it recorded it."""
    return [
        StepCost(step, *(plain(record[key], None) for key in ("cpu_s", "wall_s", "peak_memory_mb")))
        for step, record in made.items()
    ]


def _curves(histories: Histories, column: str, label: str) -> Captioned:
    series = figures.curve_series(histories, column)
    if not series:
        return Captioned(Absent(f"no training history holds a column {column}"))
    models = " and ".join(dict.fromkeys(line.model for line in series))
    ends = "; ".join(f"{line.model} {line.split} {line.values[-1]:.4f}" for line in series)
    what = column.capitalize()
    description = f"{what} of {models} by epoch, on train and validation. At the end: {ends}."
    figure = drawing.drawn(
        f"curves-{column}",
        description,
        figures.draw_curves,
        series,
        f"{what} while training",
        label,
        in_percent=column == "accuracy",
    )
    return Captioned(figure, left_out(histories, column, {"on train": "", "on validation": "val_"}))


def _schedule(histories: Histories) -> Captioned:
    found = figures.curve_series(histories, "learning_rate")
    # The rate at the end of an only epoch tells nothing of a schedule, and is near zero.
    series = [line for line in found if len(line.values) > 1] or found
    if not series:
        return Captioned(Absent("no training history holds a column learning_rate"))
    ranges = "; ".join(
        f"{line.model} from {max(line.values):.4g} to {line.values[-1]:.4g}" for line in series
    )
    description = f"Learning rate at the end of each epoch, the highest and the last: {ranges}."
    figure = drawing.drawn("schedule", description, figures.draw_schedule, series)
    short = [line.model for line in found if line not in series]
    words = f"Left out: {', '.join(short)} (an only epoch shows no schedule)." if short else ""
    lacks = left_out(histories, "learning_rate", {"": ""})
    return Captioned(figure, " ".join(one for one in (lacks, words) if one))


def _cost_figure(costs: Sequence[StepCost]) -> Captioned:
    columns = {
        "CPU-seconds": [cost.cpu_s for cost in costs],
        "wall seconds": [cost.wall_s for cost in costs],
        "memory": [cost.peak_memory_mb for cost in costs],
    }
    lacks = [name for name, values in columns.items() if all(value is None for value in values)]
    if {"CPU-seconds", "wall seconds"} <= set(lacks):
        return Captioned(Absent("no step recorded the seconds that it took"))
    caption = (
        "CPU: all processes of the step together, so that two busy cores count two seconds each second."
    )
    dearest = max(costs, key=lambda cost: cost.cpu_s or 0.0)
    description = (
        f"CPU-seconds, wall seconds and the memory of the largest process of {len(costs)} steps, "
        f"{total_seconds(costs):.0f} CPU-seconds in all. {dearest.step} took the most: {dearest.cpu_s or 0.0:.0f}."
    )
    return Captioned(
        drawing.drawn("costs", description, draw_costs, costs), f"{caption}{drawing.unrecorded(lacks)}"
    )
