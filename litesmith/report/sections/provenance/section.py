"""Provenance: where the numbers come from, and how to make them again."""

import json
from collections.abc import Iterator, Mapping
from typing import Any

from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, Record, plain

Made = Mapping[str, Record] | Record | Absent
"""How each step's outputs were made, by step."""


# The parameters of the report itself. No record of making that it reads holds them.
_OWN = (
    "max_thumbnails",
    "max_pairs",
    "pair_pictures",
    "calibration_bins",
    "importance_shuffles",
    "profile",
)


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    return {
        "seed": seed(records.made),
        "python": pythons(records.made),
        "versions": versions(records.made),
        "hosts": hosts(records.made),
        "parameters": flat_parameters(records.made),
        "own_parameters": {f"report.{name}": getattr(inputs, name) for name in _OWN},
    }


def seed(made: Mapping[str, Record]) -> Any:
    """Return the seed that the steps recorded; several if they differ."""
    found = {
        str(value)
        for record in made.values()
        for value in [record["parameters"].optional("seed")]
        if value
    }
    return ", ".join(sorted(found)) or Absent("no record of making holds a seed")


def pythons(made: Mapping[str, Record]) -> str:
    """Return the Python versions that the steps recorded."""
    return ", ".join(dict.fromkeys(str(record["host"]["python"]) for record in made.values())) or "n/r"


def flat_parameters(made: Made) -> dict[str, str]:
    """Return every parameter that a step recorded as text by its place in ``params.yaml``: ``sweep.rungs``.

    Steps that followed different values of the same parameter are named with theirs.
    """
    steps: dict[str, dict[str, list[str]]] = {}
    for step, record in made.items():
        for section, content in record["parameters"].items():
            for name, value in _leaves(plain(content, None), step if section == "params" else section):
                steps.setdefault(name, {}).setdefault(value, []).append(step)
    return {name: _spread(found) for name, found in sorted(steps.items())}


def _leaves(content: Any, name: str) -> Iterator[tuple[str, str]]:
    """Yield the place and the text of each value of nested mappings; a list is one value."""
    if isinstance(content, dict) and content:
        for key, inner in content.items():
            yield from _leaves(inner, f"{name}.{key}")
    else:
        yield name, content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def versions(made: Made) -> list[tuple[str, str]]:
    """Return each package with its version, and with the steps where it was another one."""
    steps: dict[str, dict[str, list[str]]] = {}
    for step, record in made.items():
        for package, version in record["versions"].items():
            steps.setdefault(package, {}).setdefault(str(version), []).append(step)
    return [(package, _spread(found)) for package, found in sorted(steps.items())]


def hosts(made: Made) -> list[tuple[str, str]]:
    """Return each host that a step ran on, in words, with the steps."""
    steps: dict[str, list[str]] = {}
    for step, record in made.items():
        steps.setdefault(host_words(record["host"]), []).append(step)
    return [(host, ", ".join(names)) for host, names in steps.items()]


def host_words(host: Any) -> str:
    """Write a host in one line: processor, cores, system, Python."""
    cpu, cores, system, python = host["cpu"], host["cores"], host["system"], host["python"]
    return f"{cpu}, {cores} cores, {system}, Python {python}"


def _spread(found: Mapping[str, list[str]]) -> str:
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{version} ({', '.join(steps)})" for version, steps in found.items())
