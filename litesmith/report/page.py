"""Put the page together: what was recorded, what follows from it, the figures, the template."""

from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined
from markupsafe import Markup

from litesmith import plots
from litesmith.report import tables
from litesmith.report.formats import FILTERS, lines
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, Record, plain
from litesmith.report.verdict import budget, compared, judge

_FOLDER = Path(__file__).parent


def render(inputs: ReportInputs) -> str:
    """Return the page as one HTML document that needs nothing from elsewhere.

    It shows what its inputs hold and nothing else, so the same inputs give the same bytes. A value that an input should
    hold and does not is marked where it would stand, and named at the end of the page with its reason.
    """
    records = Records(inputs)
    template = _environment().get_template("page.html.j2")
    style = Markup((_FOLDER / "page.css").read_text())
    text = template.render(
        style=style, records=records, inputs=inputs, **_judged(records, inputs), **_shown(records, inputs)
    )
    return text.strip() + "\n"


@cache
def _environment() -> Environment:
    loader = FileSystemLoader(_FOLDER)
    environment = Environment(
        loader=loader, autoescape=True, trim_blocks=True, lstrip_blocks=True, undefined=StrictUndefined
    )
    environment.filters.update(FILTERS)
    environment.tests["absent"] = lambda value: isinstance(value, Absent)
    return environment


def _judged(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return the verdict and what stands beside it."""
    difference = compared(inputs.predictions, records.final)
    lines = budget(records, inputs.limits)
    return {
        "verdict": judge(records, difference, lines),
        "headline": tables.headline(records, difference),
        "budget": lines,
        "final": records.final,
    }


def _shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return the figures and the tables that have to be worked out."""
    confusion = records["evaluate"]["variants"][records.final]["confusion"]
    sweep = records["sweep"]
    trials = list(sweep["trials"])
    return {
        "drawn": records["validate"]["dataset"]["drawn"],
        "matrix": tables.matrix(confusion, inputs.class_names),
        "pairs": tables.confused_pairs(confusion, inputs.class_names, inputs.max_pairs),
        "thumbnails": tables.thumbnails(inputs.predictions, records.final, inputs.class_names, inputs.max_thumbnails),
        "trials": trials,
        "choices": tables.choice_names(trials),
        "rungs": tables.rung_names(trials),
        "timings": tables.cpu_seconds(records),
        "smoothing": sweep["full_training"]["recipe"]["label_smoothing"],
        "accuracy": tables.accuracy,
        "loss": tables.loss,
        "no_loss": tables.no_loss(records["evaluate"]["variants"]),
        "curves": _curves(inputs),
        "trial_figure": _trial_figure(records),
        "ablation": tables.ablation(records),
        "latency_host": tables.host_words(records.latency["host"]),
        "words": tables.words,
        "seed": tables.seed(records.made),
        "python": tables.pythons(records.made),
        "versions": tables.versions(records.made),
        "hosts": tables.hosts(records.made),
        "parameters": {step: _parameters(made) for step, made in records.made.items()},
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


def _trial_figure(records: Records) -> Markup | Absent:
    sweep = records["sweep"]
    winner = plain(sweep["winner"]["number"], None)
    points = plots.trial_series(plain(sweep["trials"], []), winner)
    if not points:
        return Absent("no trial of the sweep recorded bytes and accuracy")
    best = max(points, key=lambda point: (point.rung, point.accuracy))
    description = (
        f"Validation accuracy of {len(points)} trials against the bytes of their int8 file. The best that was trained "
        f"longest is trial {best.number}: {100 * best.accuracy:.2f} % with {best.size_bytes} bytes."
    )
    figure = plots.draw_trials(points, plain(sweep["limits"]["max_tflite_bytes"], None))
    return Markup(plots.svg_text(figure, "trials", description))


def _parameters(made: Record) -> str | Absent:
    parameters = made["parameters"]
    return parameters if isinstance(parameters, Absent) else lines(parameters.plain)
