"""What was measured of the students: here, and before, perhaps on another machine."""

import logging
from collections.abc import Sequence
from typing import Any

from benchmarks.frontier.plan import RESULT, Config, student_folder
from litesmith.files import read_json

_LOG = logging.getLogger(__name__)

Entry = dict[str, Any]


def entries_of(config: Config, budget: str) -> list[Entry]:
    """Return the measured entries of a budget by seed.

    An entry measured here comes before that of the committed result.

    Entries that other numbers of ``frontier.yaml`` made are left out, and named in the log.
    """
    known = {entry["seed"]: entry for entry in [*_committed(budget), *_local(config, budget)]}
    for seed, entry in known.items():
        if entry["fingerprint"] != config.fingerprint(budget):
            _LOG.warning(
                "%s-%s left out: other numbers of frontier.yaml made it. Train it again.", budget, seed
            )
    return [
        known[seed]
        for seed in config.seeds
        if seed in known and known[seed]["fingerprint"] == config.fingerprint(budget)
    ]


def best_on_validation(entries: Sequence[Entry]) -> Entry:
    """Return the entry with the highest validation accuracy, of equals the lowest seed."""
    return min(entries, key=lambda entry: (-entry["validation_accuracy"], entry["seed"]))


def _committed(budget: str) -> list[Entry]:
    result = read_json(RESULT) if RESULT.is_file() else {"budgets": {}}
    entries: list[Entry] = result["budgets"].get(budget, {"entries": []})["entries"]
    return entries


def _local(config: Config, budget: str) -> list[Entry]:
    paths = [student_folder(config, budget, seed) / "measured.json" for seed in config.seeds]
    return [read_json(path) for path in paths if path.is_file()]
