"""The sweep: its trials as a table and as a figure."""

from collections.abc import Iterable
from typing import Any

from markupsafe import Markup

from litesmith import plots
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, first_absent, plain


def shown(records: Records, _inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    trials = list(records["sweep"]["trials"])
    return {
        "trials": trials,
        "choices": choice_names(trials),
        "rungs": rung_names(trials),
        "timings": cpu_seconds(records),
        "trial_figure": _trial_figure(records),
    }


def choice_names(trials: Iterable[Any]) -> list[str]:
    """Return the names of the hyperparameters that any trial chose, in the order of first meeting."""
    return list(dict.fromkeys(name for trial in trials for name, _ in trial["choices"].items()))


def rung_names(trials: Iterable[Any]) -> dict[int, str]:
    """Return for each rung that any trial reached how long trials are trained there."""
    found = {rung["rung"]: plots.trained_words(plain(rung, {})) for trial in trials for rung in trial["rungs"]}
    return {number: found[number] for number in sorted(one for one in found if isinstance(one, int))}


def cpu_seconds(records: Records) -> dict[int, float]:
    """Return the CPU-seconds that each trial took, all its rungs together."""
    spent: dict[int, float] = {}
    for one in records["sweep-timing"]["trials"]:
        number, seconds = one["number"], one["cpu_s"]
        if first_absent(number, seconds) is None:
            spent[number] = spent.get(number, 0.0) + seconds
    return spent


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
