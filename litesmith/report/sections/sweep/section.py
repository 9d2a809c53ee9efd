"""The sweep: its trials against cost, hyperparameter by hyperparameter, and as a table."""

from collections.abc import Iterable, Sequence
from dataclasses import asdict
from typing import Any

from markupsafe import Markup

from litesmith.analysis.importance import MIN_TRIALS, Importance, Scored, importances
from litesmith.analysis.pareto import Priced, tied_with_best
from litesmith.documents.formats import count, points
from litesmith.report import drawing
from litesmith.report.drawing import Captioned
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, first_absent, plain
from litesmith.report.sections.sweep import figures as plots


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    trials = list(records["sweep"]["trials"])
    found = estimated(records, inputs.importance_shuffles)
    limit = plain(records["sweep"]["limits"]["max_tflite_bytes"], None)
    return {
        "trials": trials,
        "choices": choice_names(trials),
        "rungs": rung_names(trials),
        "timings": cpu_seconds(records),
        "stopped": stopped,
        "tie_standard_errors": tie_rule(records),
        "frontiers": [
            _frontier_figure(records, _bytes_of, "bytes", "int8 file, bytes", limit),
            _frontier_figure(
                records, _seconds_of(records), "CPU-seconds", "CPU-seconds of the training"
            ),
        ],
        "slice_figure": _slice_figure(records),
        "importances": found,
        "importance_figure": _importance_figure(found, len(scored(records))),
    }


def numbers(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what was worked out here as plain data."""
    found = estimated(records, inputs.importance_shuffles)
    by_cost = {"bytes": _fields(records, _bytes_of), "cpu_s": _fields(records, _seconds_of(records))}
    return {
        "importances": [asdict(one) for one in found],
        "frontiers": {unit: [asdict(field) for field in fields] for unit, fields in by_cost.items()},
    }


def choice_names(trials: Iterable[Any]) -> list[str]:
    """Return the names of the hyperparameters that any trial chose, in the order of first meeting."""
    return list(dict.fromkeys(name for trial in trials for name, _ in trial["choices"].items()))


def rung_names(trials: Iterable[Any]) -> dict[int, str]:
    """Return for each rung that any trial reached how long trials are trained there."""
    found = {
        rung["rung"]: plots.trained_words(plain(rung, {})) for trial in trials for rung in trial["rungs"]
    }
    return {number: found[number] for number in sorted(one for one in found if isinstance(one, int))}


def stopped(trial: Any) -> str:
    """Say at which rung a pruned trial stopped, or which limit an infeasible one broke; nothing of the others."""
    if trial["state"] == "infeasible":
        return f": {trial['reason']}"
    rungs = [rung["rung"] for rung in trial["rungs"]]
    return f" at rung {rungs[-1]}" if trial["state"] == "pruned" and rungs else ""


def tie_rule(records: Records) -> float | None:
    """Return how many standard errors below the best the sweep took for a tie, None where it recorded no such rule."""
    if "sweep" not in records.made:
        return None
    parameters = records.made["sweep"]["parameters"]["params"]
    errors: float | None = plain(parameters.optional("tie_standard_errors"), None)
    return errors


def rung_seconds(records: Records) -> dict[tuple[int, int], float]:
    """Return the CPU-seconds of each trial at each rung, by their numbers."""
    timed = ((one["number"], one["rung"], one["cpu_s"]) for one in records["sweep-timing"]["trials"])
    return {(number, rung): s for number, rung, s in timed if first_absent(number, rung, s) is None}


def cpu_seconds(records: Records) -> dict[int, Any]:
    """Return the CPU-seconds that each trained trial took, all its rungs together; absent where a rung's are."""
    seconds, spent = rung_seconds(records), {}
    for trial in records["sweep"]["trials"]:
        places = [(trial["number"], rung["rung"]) for rung in trial["rungs"]]
        if places:
            spent[trial["number"]] = _sum(
                [seconds.get(place, _untimed(records, *place)) for place in places]
            )
    return spent


def _sum(values: Sequence[Any]) -> Any:
    missing = first_absent(*values)
    return sum(values) if missing is None else missing


def _untimed(records: Records, number: Any, rung: Any) -> Absent:
    timed = records["sweep-timing"]["trials"]
    return (
        timed
        if isinstance(timed, Absent)
        else Absent(f"the sweep's timing holds no trial {number} at rung {rung}")
    )


def scored(records: Records) -> list[Scored]:
    """Return the choices and the accuracy of every trial at the first rung, if it recorded all its choices."""
    trials = plain(records["sweep"]["trials"], [])
    found = plots.slices(trials, None)
    accuracies = {point.number: point.accuracy for one in found for point in one.points}
    chosen: dict[int, dict[str, Any]] = {number: {} for number in accuracies}
    for one in found:
        for point in one.points:
            chosen[point.number][one.name] = point.value
    return [
        Scored(tuple(chosen[n].items()), accuracy)
        for n, accuracy in accuracies.items()
        if len(chosen[n]) == len(found)
    ]


def estimated(records: Records, num_shuffles: int) -> tuple[Importance, ...] | Absent:
    """Return the importance of each hyperparameter, if there are enough trials to speak of it."""
    if "sweep" not in records.made:
        return Absent("there is no record of making the sweep, which would hold its seed")
    trials, seed = scored(records), records.made["sweep"]["parameters"]["seed"]
    if isinstance(seed, Absent):
        return seed
    if len(trials) < MIN_TRIALS:
        return Absent(
            f"{len(trials)} trials recorded choices and accuracy, and fewer than {MIN_TRIALS} say nothing"
        )
    return importances(tuple(trials), num_shuffles=num_shuffles, seed=seed)


def tie_words(field: plots.RungField, unit: str) -> str:
    """Say who is within one standard error of the best, and which of them is the cheapest."""
    things = [Priced(point.cost, point.accuracy) for point in field.points]
    near = [field.points[position] for position in tied_with_best(things, field.num_images)]
    best = max(field.points, key=lambda point: (point.accuracy, -point.cost))
    margin = f"one standard error ({points(field.margin).removeprefix('+')} points)"
    lead = f"After {field.trained} trial {best.number} was best with {100 * best.accuracy:.2f} %. "
    if len(near) == 1:
        return f"{lead}No other is within {margin} of it."
    others = ", ".join(
        str(point.number) for point in sorted(near, key=lambda point: point.number) if point != best
    )
    cheapest = f"the cheapest of all these is {near[0].number} with {count(near[0].cost)} {unit}"
    return f"{lead}Within {margin} of it: {others}; {cheapest}."


def _bytes_of(trial: plots.Trial, _rung: int) -> float | None:
    return trial.get("tflite_bytes")


def _seconds_of(records: Records) -> plots.CostOf:
    seconds = rung_seconds(records)
    return lambda trial, rung: seconds.get((trial["number"], rung))


def _fields(records: Records, cost_of: plots.CostOf) -> list[plots.RungField] | Absent:
    """Return the trials rung by rung with who stands where, if it is known how noisy an accuracy is."""
    num_images = records["prepare"]["splits"]["validation"]["num_images"]
    if isinstance(num_images, Absent):
        return num_images
    winner = plain(records["sweep"]["winner"]["number"], None)
    return plots.rung_fields(plain(records["sweep"]["trials"], []), cost_of, winner, num_images)


def _frontier_figure(
    records: Records, cost_of: plots.CostOf, unit: str, label: str, limit: Any = None
) -> Captioned:
    fields = _fields(records, cost_of)
    if isinstance(fields, Absent):
        return Captioned(fields)
    if not fields:
        return Captioned(Absent(f"no trial of the sweep recorded {unit} and accuracy"))
    words = f"{tie_words(fields[-1], unit)}{_left_out(records, cost_of, unit)}"
    description = (
        f"Validation accuracy of the trials against {label}, with the frontier of each rung. {words}"
    )
    title = f"Accuracy against {unit}"
    name = f"trials-{unit.lower()}"
    return Captioned(
        drawing.drawn(name, description, plots.draw_fields, fields, title, label, limit), words
    )


def _left_out(records: Records, cost_of: plots.CostOf, unit: str) -> str:
    """Name the trials that are missing at a rung that they reached, because their cost there is not known."""
    numbers = plots.unpriced(plain(records["sweep"]["trials"], []), cost_of)
    return (
        f" Left out where their {unit} are not recorded: {', '.join(map(str, numbers))}."
        if numbers
        else ""
    )


def _slice_figure(records: Records) -> Markup | Absent:
    trials = plain(records["sweep"]["trials"], [])
    found = plots.slices(trials, plain(records["sweep"]["winner"]["number"], None))
    if not found:
        return Absent("no trial of the sweep recorded choices and accuracy")
    names = ", ".join(one.name.replace("_", " ") for one in found)
    trained = rung_names(records["sweep"]["trials"]).get(0, "the first rung")
    description = (
        f"Validation accuracy of {len(found[0].points)} trials after {trained} against each of: {names}."
    )
    return drawing.drawn("slices", description, plots.draw_slices, found, trained)


def _importance_figure(found: Sequence[Importance] | Absent, num_trials: int) -> Markup | Absent:
    if isinstance(found, Absent):
        return found
    words = "; ".join(f"{one.name.replace('_', ' ')} {100 * one.share:.0f} %" for one in found)
    description = f"Estimated importance of each hyperparameter, from {num_trials} trials: {words}."
    return drawing.drawn("importance", description, plots.draw_importances, found, num_trials)
