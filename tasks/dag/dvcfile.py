"""``dvc.yaml``, written from the steps and checked as a lock file is."""

from collections.abc import Iterable
from pathlib import Path

from pydantic import JsonValue

from litesmith.files import yaml_text
from litesmith.params.everything import Params
from litesmith.params.loading import DATASETS, DEVICES
from litesmith.params.section import Section
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.device import DeviceParams
from tasks import catalog
from tasks.dag.closure import folded, packages, sources
from tasks.dag.step import MaybeEmpty, Metric, Plot, Port, Step

# Stands at an output in dvc.yaml, for code that passes on messages of DVC.
MAYBE_EMPTY = "maybe_empty"

# Sections with a file of their own, which ``params.yaml`` names: its folder, and what it holds.
_FILES: dict[str, tuple[Path, type[Section]]] = {
    "dataset": (DATASETS, DatasetParams),
    "device": (DEVICES, DeviceParams),
}
# Sections over which a data set's file lays a part of its own.
_PINNED = {"validate": "thresholds", "sweep": "sweep"}

_HEADER = "# Written by `make dvc` from the steps in tasks/steps/. Edit those, not this.\n"


def render(steps: Iterable[Step], root: Path) -> str:
    """Return the text of ``dvc.yaml`` for ``steps``, whose sources lie below ``root``."""
    steps = tuple(steps)
    content = {"stages": {step.name: _stage(step, root) for step in steps}, "plots": _plots(steps)}
    return _HEADER + yaml_text(content, width=120)


def _stage(step: Step, root: Path) -> dict[str, JsonValue]:
    used = packages(step.module, root)
    code = folded(sources(step.module, root), root)
    paths = [*(port.path for port in step.ins), *code]
    read: list[JsonValue] = [key for name, kind in step.sections.items() for key in _keys(name, kind)]
    read += ["seed"] if "seed" in step.keywords else []
    read += [{catalog.VERSIONS.as_posix(): [*used]}] if used else []
    stage: dict[str, JsonValue] = {
        "desc": step.summary,
        "cmd": f"python -m tasks run {step.name}",
        "deps": [path.as_posix() for path in paths],
        "params": read,
        "outs": [_out(port) for port in step.outs if not port.marked(Metric)],
        "metrics": [
            {port.path.as_posix(): {"cache": False}} for port in step.outs if port.marked(Metric)
        ],
    }
    return {key: value for key, value in stage.items() if value}


def _keys(section: str, kind: type[Section]) -> list[JsonValue]:
    """Return the keys of a section that a step reads."""
    if section in _FILES:
        held = [name for name in kind.model_fields if name in _FILES[section][1].model_fields]
        # The name of the file is what ``params.yaml`` itself has.
        named: list[JsonValue] = [] if len(held) == len(kind.model_fields) else [section]
        return [*named, {_named_file(section): [*held]}] if held else named
    whole = {field.alias or name: field.annotation for name, field in Params.model_fields.items()}
    keys: list[JsonValue] = (
        [section] if kind is whole[section] else [f"{section}.{name}" for name in kind.model_fields]
    )
    pinned = _PINNED.get(section)
    return [*keys, {_named_file("dataset"): [pinned]}] if pinned else keys


def _named_file(section: str) -> str:
    """Return the file that ``params.yaml`` names; DVC fills the name in."""
    return f"{_FILES[section][0].as_posix()}/${{{section}}}.yaml"


def _out(port: Port) -> JsonValue:
    settings: dict[str, JsonValue] = {"cache": False} if port.in_git else {}
    if port.marked(MaybeEmpty):
        settings |= {"meta": {MAYBE_EMPTY: True}}
    return {port.path.as_posix(): settings} if settings else port.path.as_posix()


def _plots(steps: Iterable[Step]) -> list[JsonValue]:
    """Return one drawing for each panel with its files' columns."""
    columns: dict[str, dict[str, JsonValue]] = {}
    drawings: dict[str, Plot] = {}
    for port in (port for step in steps for port in step.outs):
        for mark in (mark for mark in port.marks if isinstance(mark, Plot)):
            drawings.setdefault(mark.panel, mark)
            columns.setdefault(mark.panel, {})[port.path.as_posix()] = [*mark.y]
    return [
        {panel: {"template": mark.template, "x": mark.x, "y": columns[panel]}}
        for panel, mark in drawings.items()
    ]
