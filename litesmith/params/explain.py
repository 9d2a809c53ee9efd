"""Error messages about parameters."""

import re
from collections.abc import Iterator, Mapping, Sequence
from typing import get_args

import annotated_types
from pydantic import BaseModel
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from litesmith.errors import did_you_mean
from litesmith.params.everything import Params


def explain(detail: ErrorDetails, root: type[BaseModel] = Params, file: str = "params.yaml") -> str:
    """Explain what is wrong with a value of ``file`` and how to fix it."""
    names, text = [str(part) for part in detail["loc"]], detail["msg"].removeprefix("Value error, ")
    kind, value = detail["type"], detail["input"]
    if kind in ("tuple_type", "too_short", "too_long"):  # YAML knows no tuples
        text = text.replace("Tuple", "List").replace("tuple", "list")
    if kind in ("model_type", "dict_type"):
        return not_a_section(names, value)
    if kind in ("extra_forbidden", "invalid_key"):
        known = _section(root, names[:-1]).model_fields
        return unknown(names, [field.alias or name for name, field in known.items()])
    context = detail.get("ctx", {})
    match context:
        case {"tag": value, "expected_tags": str(tags)}:  # pydantic's own words are about tags
            first, _, last = tags.rpartition(", ")
            names, text = [*names, "kind"], f"should be {first} or {last}"
    if not names:
        return text
    where, field = ".".join(names), _field(root, names)
    if kind == "missing":
        return f"{where} is missing. Add it to {file}."
    out_of_bounds = kind.startswith(("greater_than", "less_than"))
    text = text.replace("Input ", "").replace("String ", "")
    expected = _interval(field) if field is not None and out_of_bounds else text
    got = "" if isinstance(value, Mapping) else f", got {short(value)}"
    meaning = f" {field.description}" if field is not None and field.description else ""
    meant = _meant(value, context) if kind == "literal_error" else ""
    percent = _percent_hint(value, context) if kind in ("less_than", "less_than_equal") else ""
    return f"{where} {expected}{got}.{meant}{meaning}{percent}"


def not_a_section(names: Sequence[str], value: object) -> str:
    """Say that a section, or all of a file, is something else."""
    where = ".".join(names) or "it"
    hint = " Leave the key out to change nothing in it." if value is None and names else ""
    return f"{where} must be a section, a mapping of names to values, got {short(value)}.{hint}"


def short(value: object) -> str:
    """Write a value as YAML's reader gave it, cut where nobody reads on."""
    text = "null" if value is None else repr(value)
    return text if len(text) <= _MAX_SHOWN else f"{text[:_MAX_SHOWN]}..."


_MAX_SHOWN = 200


def _meant(value: str, context: Mapping[str, object]) -> str:
    """Name the nearest of the words that a value may be."""
    return did_you_mean(value, re.findall(r"'([^']*)'", str(context.get("expected"))))


def _percent_hint(value: float, context: Mapping[str, object]) -> str:
    """Explain a percentage that was given where a fraction is meant."""
    if 1 not in (context.get("lt"), context.get("le")):
        return ""
    return f" It is a fraction: write {value / 100:g} for {value:g} %."


def unknown(names: Sequence[str], known: Sequence[str]) -> str:
    """Name an unknown key and the nearest known one."""
    section, where = "".join(f"{name}." for name in names[:-1]), ".".join(names)
    here = {name: section + name for name in known}
    meant = renamed(where) or did_you_mean(names[-1], here) or did_you_mean(names[-1], _places())
    return f"{where} is not a parameter.{meant} Known here: {', '.join(known)}."


def renamed(where: str) -> str:
    """Return a hint at the new name of a key or word, if any."""
    return f" It is called {_RENAMED[where]} now." if where in _RENAMED else ""


# Keys of older versions, and words that a list held; the new name of each.
_RENAMED = {
    "sweep.lesson": "sweep.distillation",
    "sweep.full_epochs": "sweep.full",
    "sweep.num_stages": "sweep.space.stages",
    "prune.lesson": "prune.distillation",
    "quantize.lesson": "quantize.distillation",
    "quantize.variants.mirrored": "flip_averaged",
    "report.calibration_bins": "evaluate.calibration_bins",
    "report.importance_shuffles": "sweep.importance_shuffles",
    "retrain.max_kept": "retrain.max_archived",
}


def _places() -> dict[str, str]:
    """Return where the parameters of each name are, the first three of them."""
    places: dict[str, list[str]] = {}
    for path in _paths(Params):
        places.setdefault(path.rpartition(".")[2], []).append(path)
    return {name: " or ".join(paths[:3]) for name, paths in places.items()}


def _paths(section: type[BaseModel], before: str = "") -> Iterator[str]:
    """Yield the path of every parameter of a section and of those below it."""
    for name, field in section.model_fields.items():
        path = f"{before}{field.alias or name}"
        yield path
        # Of the data set and the device, params.yaml holds the names alone.
        if isinstance(field.annotation, type) and path not in ("dataset", "device"):
            for inner in _sections_in(field.annotation):
                yield from _paths(inner, f"{path}.")


def _section(root: type[BaseModel], names: list[str]) -> type[BaseModel]:
    """Return the section class that ``names`` lead to from ``root``."""
    section = root
    for name in names:
        field = _lookup(section, name)
        inner = _sections_in(field.annotation) if field else []
        if not inner:
            break
        section = inner[0]
    return section


def _field(root: type[BaseModel], names: list[str]) -> FieldInfo | None:
    """Return the field that ``names`` lead to, None within a list."""
    for depth in range(len(names), 0, -1):
        field = _lookup(_section(root, names[: depth - 1]), names[depth - 1])
        if field is not None:
            return field
    return None


def _lookup(section: type[BaseModel], name: str) -> FieldInfo | None:
    return next((f for key, f in section.model_fields.items() if name in (key, f.alias)), None)


def _sections_in(kind: object) -> list[type[BaseModel]]:
    """Return the section classes in a type, its items' included."""
    kinds = (kind, *get_args(kind))
    return [each for each in kinds if isinstance(each, type) and issubclass(each, BaseModel)]


def _interval(field: FieldInfo) -> str:
    """Return the bounds of a field or of a list's items."""
    low, high = "(-inf", "inf)"
    items = [mark for inner in get_args(field.annotation) for mark in getattr(inner, "__metadata__", ())]
    for mark in (*field.metadata, *(bound for item in items for bound in getattr(item, "metadata", ()))):
        match mark:
            case annotated_types.Ge(ge=bound):
                low = f"[{bound}"
            case annotated_types.Gt(gt=bound):
                low = f"({bound}"
            case annotated_types.Le(le=bound):
                high = f"{bound}]"
            case annotated_types.Lt(lt=bound):
                high = f"{bound})"
    return f"must lie in {low}, {high}"
