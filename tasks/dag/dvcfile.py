"""Write ``dvc.yaml`` from the steps' doors, and check it as a lock file is checked."""

from collections.abc import Iterable
from pathlib import Path
from typing import Any

from litesmith.errors import ContractError
from litesmith.files import write_text, yaml_text
from litesmith.params.everything import Params
from litesmith.params.section import Section
from tasks import catalog
from tasks.dag.closure import folded, packages, sources
from tasks.dag.step import MaybeEmpty, Metric, Plot, Port, Step

# Stands at an output in dvc.yaml, for whoever passes on what DVC says.
MAYBE_EMPTY = "maybe_empty"

_HEADER = "# Written by `make dvc` from the doors of the rooms in tasks/. Edit those, not this.\n"


def render(steps: Iterable[Step], root: Path) -> str:
    """Return the text of ``dvc.yaml`` for ``steps``, whose sources lie below ``root``."""
    steps = tuple(steps)
    content = {"stages": {one.name: _stage(one, root) for one in steps}, "plots": _plots(steps)}
    return _HEADER + yaml_text(content, width=120)


def write(steps: Iterable[Step], root: Path) -> None:
    """Write ``dvc.yaml`` below ``root``."""
    write_text(root / "dvc.yaml", render(steps, root))


def check(steps: Iterable[Step], root: Path) -> None:
    """Compare ``dvc.yaml`` with the doors.

    Raises:
        ContractError: It is not what `write` would write.
    """
    path = root / "dvc.yaml"
    if not path.is_file() or path.read_text(encoding="utf-8") != render(steps, root):
        raise ContractError(
            "dvc.yaml is not what the doors in tasks/ say. Run `make dvc` and commit the result."
        )


def _stage(one: Step, root: Path) -> dict[str, Any]:
    used = packages(one.module, root)
    code = folded(sources(one.module, root), root)
    deps = [path.as_posix() for path in (*(port.path for port in one.ins), *code)]
    read = [key for name, kind in one.sections.items() for key in _keys(name, kind)]
    read += ["seed"] if "seed" in one.keywords else []
    stage: dict[str, Any] = {
        "desc": one.summary,
        "cmd": f"python -m tasks run {one.name}",
        "deps": deps,
        "params": [*read, *([{catalog.VERSIONS.as_posix(): used}] if used else [])],
        "outs": [_out(port) for port in one.outs if not port.marked(Metric)],
        "metrics": [
            {port.path.as_posix(): {"cache": False}} for port in one.outs if port.marked(Metric)
        ],
    }
    return {key: value for key, value in stage.items() if value}


def _keys(section: str, kind: type[Section]) -> list[str]:
    """Return what DVC shall watch of a section: all of it, or the fields of the part that is read."""
    whole = {field.alias or name: field.annotation for name, field in Params.model_fields.items()}
    return [section] if kind is whole[section] else [f"{section}.{name}" for name in kind.model_fields]


def _out(port: Port) -> str | dict[str, Any]:
    settings: dict[str, Any] = {"cache": False} if port.in_git else {}
    if port.marked(MaybeEmpty):
        settings["meta"] = {MAYBE_EMPTY: True}
    return {port.path.as_posix(): settings} if settings else port.path.as_posix()


def _plots(steps: Iterable[Step]) -> list[dict[str, Any]]:
    """Return one drawing for each panel, with the columns of every file that takes part in it."""
    panels: dict[str, dict[str, Any]] = {}
    for port in (port for one in steps for port in one.outs):
        for mark in (mark for mark in port.marks if isinstance(mark, Plot)):
            panel = panels.setdefault(mark.panel, {"template": mark.template, "x": mark.x, "y": {}})
            panel["y"][port.path.as_posix()] = list(mark.y)
    return [{name: panel} for name, panel in panels.items()]
