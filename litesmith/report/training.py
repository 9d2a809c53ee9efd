"""The training: learning curves and what the steps cost."""

from typing import Any

from markupsafe import Markup

from litesmith import plots
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    return {
        "smoothing": records["sweep"]["full_training"]["recipe"]["label_smoothing"],
        "curves": _curves(inputs),
    }


def _curves(inputs: ReportInputs) -> list[Markup | Absent]:
    histories = dict(inputs.histories)
    if "pruned" in histories and "tuned" in histories:
        histories["pruned"] = plots.continued(histories["pruned"], histories["tuned"])

    def one(column: str, title: str, label: str, what: str) -> Markup | Absent:
        series = plots.curve_series(histories, column)
        if not series:
            return Absent(f"no training history holds a column {column}")
        models = " and ".join(dict.fromkeys(line.model for line in series))
        ends = "; ".join(f"{line.model} {line.split} {line.values[-1]:.4f}" for line in series)
        description = f"{what} of {models} by epoch, on train and validation. At the end: {ends}."
        figure = plots.draw_curves(series, title, label, in_percent=column == "accuracy")
        return Markup(plots.svg_text(figure, f"curves-{column}", description))

    return [
        one("accuracy", "Accuracy while training", "accuracy, %", "Accuracy"),
        one("loss", "Loss while training", "cross-entropy, nats", "Loss"),
    ]
