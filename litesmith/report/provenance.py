"""Provenance: where the numbers come from, and how to make them again."""

from collections.abc import Mapping
from typing import Any

from litesmith.report.formats import lines
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent, Record


def shown(records: Records, _inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    return {
        "seed": seed(records.made),
        "python": pythons(records.made),
        "versions": versions(records.made),
        "hosts": hosts(records.made),
        "parameters": {step: _parameters(made) for step, made in records.made.items()},
    }


def seed(made: Mapping[str, Record]) -> Any:
    """Return the seed that the steps recorded; several if they differ."""
    found = {str(value) for record in made.values() for value in [record["parameters"].optional("seed")] if value}
    return ", ".join(sorted(found)) or Absent("no record of making holds a seed")


def pythons(made: Mapping[str, Record]) -> str:
    """Return the Python versions that the steps recorded."""
    return ", ".join(dict.fromkeys(str(record["host"]["python"]) for record in made.values())) or "n/r"


def versions(made: Mapping[str, Record]) -> list[tuple[str, str]]:
    """Return each package with its version, and with the steps where it was another one."""
    steps: dict[str, dict[str, list[str]]] = {}
    for step, record in made.items():
        for package, version in record["versions"].items():
            steps.setdefault(package, {}).setdefault(str(version), []).append(step)
    return [(package, _spread(found)) for package, found in sorted(steps.items())]


def hosts(made: Mapping[str, Record]) -> list[tuple[str, str]]:
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


def _parameters(made: Record) -> str | Absent:
    parameters = made["parameters"]
    return parameters if isinstance(parameters, Absent) else lines(parameters.plain)
