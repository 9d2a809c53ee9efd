"""Collect the measured students: a table with means, and a file with its card for each budget."""

import hashlib
import statistics
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from benchmarks.frontier.card import render_card
from benchmarks.frontier.data import read_data
from benchmarks.frontier.entries import Entry, best_on_validation, entries_of
from benchmarks.frontier.plan import (
    MODELS,
    RESULT,
    Budget,
    Config,
    answers_folder,
    student_folder,
    teacher_folder,
)
from benchmarks.networks import read_form
from benchmarks.record import Claim, host_words
from litesmith.errors import ContractError, DataError
from litesmith.files import read_json, write_bytes, write_json, write_text
from litesmith.params.loading import read_params
from litesmith.tflite.metadata import describe, read_metadata, write_metadata
from litesmith.wording import count, percent
from tasks import catalog

# What the result tells of a candidate, and, as far as they have it, of the answers.
_TOLD = ("validation", "ensemble", "cpu_s", "num_parameters", "macs", "recipe", "host")


def collect(config: Config) -> None:
    """Write the result of all measured entries, and the best file of each budget.

    Best is the seed with the highest validation accuracy.

    Raises:
        ContractError: No entry is measured, or a file is not the one that was.
    """
    entries = {name: entries_of(config, name) for name in config.budgets}
    if not any(entries.values()):
        raise ContractError(
            "no entry of the frontier is measured. Run `python -m benchmarks.frontier measure` first."
        )
    budgets = {
        name: summary(config, config.budgets[name], measured) for name, measured in entries.items()
    }
    for name, measured in entries.items():
        if measured:
            _publish(config, name, best_on_validation(measured), budgets[name])
    result = {
        "command": "python -m benchmarks.frontier",
        "claims": [
            claim.to_plain() for name in entries for claim in claims(config, name, entries[name])
        ],
        "seeds": config.seeds,
        "budgets": budgets,
        "teachers": _teachers(config),
    }
    write_json(RESULT, result)


def claims(config: Config, name: str, entries: Sequence[Entry]) -> list[Claim]:
    """Return what must hold of a budget; nothing counts as measured before all of its seeds are."""
    budget, complete = config.budgets[name], len(entries) == len(config.seeds)
    what, seeds = (
        f"int8 file of at most {count(int(name))} bytes",
        f"{len(entries)} of {len(config.seeds)} seeds",
    )
    accuracy, lost = (
        _mean(entries, figure) if complete else None for figure in ("accuracy", "quantization_loss")
    )
    note, most = f"{seeds}{_behind(entries, complete)}", config.max_quantization_loss
    return [
        Claim(f"test accuracy, {what}", "accuracy", accuracy, budget.must, False, budget.goal, note),
        Claim(f"accuracy lost by quantization, {what}", "points", lost, most, True, note=seeds),
    ]


def summary(config: Config, budget: Budget, entries: Sequence[Entry]) -> dict[str, Any]:
    """Return the figures of a budget: how many seeds there are, their means and spreads, and each entry.

    Standard deviations are those of a sample, None with fewer than two seeds.
    """
    measured = [entry["seed"] for entry in entries]
    figures = ("accuracy", "quantization_loss", "training_cpu_s")
    return {
        "must": budget.must,
        "goal": budget.goal,
        "num_seeds": len(entries),
        "missing_seeds": [seed for seed in config.seeds if seed not in measured],
        "mean": {figure: _mean(entries, figure) for figure in figures},
        "standard_deviation": {figure: _deviation(entries, figure) for figure in figures},
        "published_seed": best_on_validation(entries)["seed"] if entries else None,
        "entries": list(entries),
    }


def _behind(entries: Sequence[Entry], complete: bool) -> str:
    """Return the machines of some entries, their spread, and the mean of an unfinished set."""
    hosts = [entry["trained_on"]["host"] for entry in entries]
    machines = sorted({host_words(host) for host in hosts})
    trained = f", trained on {' and '.join(machines)}" if machines else ""
    mean, spread = _mean(entries, "accuracy"), _deviation(entries, "accuracy")
    so_far = f", mean so far {percent(mean)} %" if mean is not None and not complete else ""
    return (
        f"{so_far}{'' if spread is None else f', standard deviation {percent(spread)} points'}{trained}"
    )


def _mean(entries: Sequence[Entry], figure: str) -> float | None:
    return round(statistics.mean(entry[figure] for entry in entries), 6) if entries else None


def _deviation(entries: Sequence[Entry], figure: str) -> float | None:
    return round(statistics.stdev(entry[figure] for entry in entries), 6) if len(entries) > 1 else None


def _teachers(config: Config) -> dict[str, Any]:
    """Return validation accuracy and cost of candidates and answers, as far as known.

    What was made on another machine stays as it is in the committed result.
    """
    before = read_json(RESULT)["teachers"] if RESULT.is_file() else {}
    made = {
        name: (teacher_folder(config, name), config.teacher_fingerprint(name))
        for name in config.candidates
    }
    made["answers"] = (answers_folder(config), config.answers_fingerprint())
    told = {
        name: _told(folder / "made.json", fingerprint, before.get(name))
        for name, (folder, fingerprint) in made.items()
    }
    return {name: record for name, record in told.items() if record}


def _told(made: Path, fingerprint: str, before: dict[str, Any] | None) -> dict[str, Any] | None:
    """Return what was made here, else what was before with the same numbers, else None."""
    if made.is_file():
        record = read_json(made)
        return {key: record[key] for key in _TOLD if key in record} | {"fingerprint": fingerprint}
    return before if before and before["fingerprint"] == fingerprint else None


def _publish(config: Config, budget: str, entry: Entry, figures: dict[str, Any]) -> None:
    """Publish the file of an entry with metadata, unless it is already, and write its card."""
    target = MODELS / f"fashion-mnist-{budget}.tflite"
    if not _is_file_of(target, entry):
        source = student_folder(config, budget, entry["seed"]) / "int8.tflite"
        if not _is_file_of(source, entry):
            raise ContractError(
                f"{source} is not the measured file, whose SHA-256 is {entry['sha256']}: it was trained "
                "again, or elsewhere. Bring that file, or remove the entry and measure anew."
            )
        write_bytes(target, source.read_bytes())
    if not _has_metadata(target):
        dataset = read_params(catalog.PARAMS).dataset
        metadata = describe(dataset.name, read_form(), read_data().training.images)
        write_metadata(target, metadata)
    write_text(target.with_suffix(".md"), render_card(target, entry, figures))


def _has_metadata(target: Path) -> bool:
    try:
        read_metadata(target)
    except DataError:
        return False
    return True


def _is_file_of(path: Path, entry: Entry) -> bool:
    return path.is_file() and hashlib.sha256(path.read_bytes()).hexdigest() == entry["sha256"]
