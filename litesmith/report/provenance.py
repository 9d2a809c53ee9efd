"""Parameters, versions and hosts of all steps together."""

import json
from collections.abc import Iterable, Iterator, Mapping, Sequence

from pydantic import JsonValue

from litesmith.params.everything import indifferent_places
from litesmith.records.provenance import Making, Provenance

SECTIONS = (
    "dataset", "seed", "device", "baseline", "sweep", "teach", "prune", "quantize", "convert", "prepare",
    "intake", "validate", "evaluate", "judge",
)  # fmt: skip
"""Sections of parameters, by how much of the result they decide."""

PACKAGES = (
    "tensorflow", "tf-keras", "tensorflow-model-optimization", "ai-edge-litert", "litert-quantizer",
    "numpy", "optuna",
)  # fmt: skip
"""Packages that compute weights and files; others check and show."""

_DECIDES = "judge"
# They lead to the same files: the order in which places are asked changes no result.
_SOURCES = "dataset.base.sources"

Steps = Mapping[str, Provenance]
"""How each step made its outputs, by step."""


def rank(name: str, order: Sequence[str]) -> int:
    """Return the place of a name in an order, or the end."""
    return order.index(name) if name in order else len(order)


def made(steps: Steps) -> Making | None:
    """Return when, by which run and from which sources the decision was made.

    Of records without `judge`, as an earlier version wrote them, the last one; None if none says it.
    """
    judged = steps.get(_DECIDES)
    if judged is not None and judged.made is not None:
        return judged.made
    known = [step.made for step in steps.values() if step.made is not None]
    return max(known, key=lambda making: making.when, default=None)


def revisions(steps: Steps) -> str:
    """Return the git revisions of the steps in short; empty if none has one."""
    names = (
        f"{step.made.revision[:7]}{' with changes' if step.made.dirty else ''}"
        for step in steps.values()
        if step.made is not None and step.made.revision
    )
    return ", ".join(dict.fromkeys(names))


def seeds(steps: Steps) -> str:
    """Return the seed of the steps; several if they differ."""
    seeds = {str(step.parameters["seed"]) for step in steps.values() if "seed" in step.parameters}
    return ", ".join(sorted(seeds))


def pythons(steps: Steps) -> str:
    """Return the Python version of the steps; several if they differ."""
    return ", ".join(dict.fromkeys(step.host.python for step in steps.values()))


def flat_parameters(steps: Steps) -> dict[str, str]:
    """Return each parameter as text by place, such as ``sweep.rungs``."""
    return _by_value(
        (place, value, name)
        for name, step in steps.items()
        for section, content in step.parameters.items()
        for place, value in _leaves(content, name if section == "params" else section)
    )


def deciding_parameters(steps: Steps) -> dict[str, str]:
    """Return the parameters that decide results, by place."""
    indifferent = indifferent_places()
    return {
        place: text
        for place, text in flat_parameters(steps).items()
        if place != _SOURCES and not {place, place.partition(".")[0]} & indifferent
    }


def all_parameters(steps: Steps) -> dict[str, str]:
    """Return all parameters but the sources of the data, by place."""
    return {place: text for place, text in flat_parameters(steps).items() if place != _SOURCES}


def versions(steps: Steps) -> dict[str, str]:
    """Return the version of each package, with the steps if they differ."""
    return _by_value(
        (package, version, name)
        for name, step in steps.items()
        for package, version in step.versions.items()
    )


def hosts(steps: Steps) -> dict[str, str]:
    """Return each host that a step ran on, in words, with the steps."""
    names: dict[str, list[str]] = {}
    for name, step in steps.items():
        names.setdefault(step.host.words, []).append(name)
    return {host: ", ".join(on_it) for host, on_it in names.items()}


def hosts_together(steps: Steps) -> dict[str, str]:
    """Return all hosts of a run as one value, to compare two runs."""
    return {"hosts": "; ".join(sorted(hosts(steps)))}


def _leaves(content: JsonValue, place: str) -> Iterator[tuple[str, str]]:
    """Yield place and text of each value of nested mappings."""
    if isinstance(content, dict) and content:
        for key, inner in content.items():
            yield from _leaves(inner, f"{place}.{key}")
    else:
        yield place, content if isinstance(content, str) else json.dumps(content, ensure_ascii=False)


def _by_value(triples: Iterable[tuple[str, str, str]]) -> dict[str, str]:
    """Return values by name, with their steps where they differ, from (name, value, step)."""
    steps: dict[str, dict[str, list[str]]] = {}
    for name, value, step in triples:
        steps.setdefault(name, {}).setdefault(value, []).append(step)
    return {
        name: "; ".join(
            f"{value} ({', '.join(names)})" if len(values) > 1 else value
            for value, names in values.items()
        )
        for name, values in sorted(steps.items())
    }
