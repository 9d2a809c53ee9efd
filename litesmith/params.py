"""The parameters of every step: type, bounds and meaning. Their values live in ``params.yaml`` alone."""

import difflib
from collections.abc import Mapping
from pathlib import Path
from typing import Annotated, Any, get_args

import annotated_types
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from pydantic.fields import FieldInfo
from pydantic_core import ErrorDetails

from litesmith.errors import ParamsError


class Section(BaseModel):
    """One section of ``params.yaml``: frozen, without defaults, refusing keys it does not know."""

    model_config = ConfigDict(frozen=True, extra="forbid", strict=True)


Count = Annotated[int, Field(ge=1)]
Fraction = Annotated[float, Field(ge=0, lt=1)]
Seed = Annotated[int, Field(ge=0, le=2**31 - 1, description="Every random choice of every step follows from it.")]
Threads = Annotated[int, Field(ge=1, le=64, description="Threads of TensorFlow; another number gives other results.")]


class RawFile(Section):
    """One of the four IDX files of a data set, as published."""

    name: str
    md5: Annotated[str | None, Field(pattern=r"^[0-9a-f]{32}$", description="The published MD5, 32 hex digits.")]
    size_bytes: Annotated[int | None, Field(ge=1)]


class RawFiles(Section):
    """The four IDX files of a data set."""

    train_images: RawFile
    train_labels: RawFile
    test_images: RawFile
    test_labels: RawFile


class DatasetParams(Section):
    """What the data set is called and holds."""

    name: str
    drawn: Annotated[bool, Field(description="True marks every page as made from drawn images.")]
    class_names: Annotated[list[str], Field(min_length=2, max_length=256)]
    num_train: Annotated[Count, Field(description="Images in the official training files.")]
    num_test: Annotated[Count, Field(description="Images in the official test files.")]
    height: Count
    width: Count

    @property
    def num_classes(self) -> int:
        """Number of classes."""
        return len(self.class_names)


class FetchParams(Section):
    """Where the raw files come from: the sources in the order they are tried."""

    sources: Annotated[
        list[str],
        Field(min_length=1, description="Each is 'env:NAME' (a folder), a folder, an http(s) address, or 'drawn'."),
    ]
    files: RawFiles
    attempts: Annotated[int, Field(ge=1, le=20, description="Tries for each file at each address.")]
    backoff_s: Annotated[float, Field(ge=0, description="Seconds before the second try; doubled for each one after.")]
    timeout_s: Annotated[float, Field(gt=0, description="Seconds of silence after which a try has failed.")]
    drawn_seed: Annotated[
        int, Field(ge=0, le=2**31 - 2, description="Decides the drawn images, which so stay when `seed` changes.")
    ]


class ValidateParams(Section):
    """What raw data must look like to be trained on."""

    min_class_share: Annotated[Fraction, Field(description="Smallest share of a class within its files.")]
    max_class_share: Annotated[float, Field(gt=0, le=1, description="Largest share of a class within its files.")]
    max_duplicates: Annotated[
        int, Field(ge=0, description="Images that may be exact copies of another in their files.")
    ]
    max_overlap: Annotated[int, Field(ge=0, description="Test images that may also be train images.")]
    min_ink_share: Annotated[Fraction, Field(description="Below this share of non-zero pixels an image is near-empty.")]
    max_near_empty: Annotated[int, Field(ge=0, description="Near-empty images that may be there.")]
    mean_range: Annotated[list[float], Field(min_length=2, max_length=2, description="Mean of all pixels, 0 to 1.")]
    std_range: Annotated[
        list[float], Field(min_length=2, max_length=2, description="Standard deviation of all pixels, 0 to 1.")
    ]
    max_mean_shift: Annotated[Fraction, Field(description="Difference of train and test mean that warns above it.")]


class PrepareParams(Section):
    """How the official training images are split."""

    num_validation: Annotated[Count, Field(description="Images that choose hyperparameters.")]
    num_gate: Annotated[Count, Field(description="Images that decide on promotion.")]


class RetrainParams(Section):
    """What a run of the whole pipeline needs and how long it may take; changes no result."""

    min_disk_gb: Annotated[float, Field(ge=0, description="Free disk below which a run does not begin.")]
    min_memory_gb: Annotated[float, Field(ge=0, description="Free memory below which a run does not begin.")]
    reach_s: Annotated[float, Field(gt=0, le=30, description="Seconds to find out whether any source answers.")]
    stage_limit_s: Annotated[float, Field(gt=0, description="Seconds after which a stage is killed.")]


class Params(Section):
    """All of ``params.yaml``."""

    seed: Seed
    dataset: DatasetParams
    fetch: FetchParams
    validate_: Annotated[ValidateParams, Field(alias="validate")]
    prepare: PrepareParams
    retrain: RetrainParams

    def named(self, key: str) -> Any:
        """Return the value of a top-level key of ``params.yaml``: a section, or the seed."""
        return getattr(self, next(name for name, field in Params.model_fields.items() if key == (field.alias or name)))


def read_params(path: Path) -> Params:
    """Read and check a ``params.yaml``.

    Args:
        path: The file.

    Raises:
        ParamsError: The file is missing or not YAML, a key is unknown or missing, or a value is out of its bounds.
    """
    try:
        content = yaml.safe_load(path.read_text())
    except FileNotFoundError as error:
        raise ParamsError(f"{path} is missing. Run from the project's folder, or restore the file.") from error
    except yaml.YAMLError as error:
        raise ParamsError(f"{path} is not valid YAML: {error}") from error
    return parse_params(content)


def parse_params(content: Any) -> Params:
    """Check a mapping like ``params.yaml`` and return it typed.

    Raises:
        ParamsError: Every wrong key and value, one a line, with the value received and what was expected.
    """
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        lines = sorted({_explain(detail) for detail in error.errors()})
        raise ParamsError("\n".join(lines)) from error


def overlaid(base: Mapping[str, Any], overlay: Mapping[str, Any]) -> dict[str, Any]:
    """Return ``base`` with the values of ``overlay``, section by section; lists are replaced whole.

    Raises:
        ParamsError: The overlay names a key that the base does not have.
    """
    result = dict(base)
    for key, value in overlay.items():
        if key not in base:
            raise ParamsError(_unknown(key, base))
        both_sections = isinstance(value, Mapping) and isinstance(base[key], Mapping)
        result[key] = overlaid(base[key], value) if both_sections else value
    return result


def _explain(detail: ErrorDetails) -> str:
    """Say what is wrong with one value, what was expected, and how to put it right."""
    names = [str(part) for part in detail["loc"]]
    where, field = ".".join(names), _field(names)
    if detail["type"] == "extra_forbidden":
        return _unknown(where, _section(names[:-1]).model_fields)
    if detail["type"] == "missing":
        return f"{where} is missing. Add it to params.yaml."
    value = detail["input"]
    out_of_bounds = detail["type"].startswith(("greater_than", "less_than"))
    expected = _interval(field) if field is not None and out_of_bounds else detail["msg"].replace("Input ", "")
    meaning = f" {field.description}" if field is not None and field.description else ""
    return f"{where} {expected}, got {value!r}.{meaning}{_percent_hint(detail)}"


def _percent_hint(detail: ErrorDetails) -> str:
    """Explain a percentage that was given where a fraction is meant."""
    value, bounds = detail["input"], detail.get("ctx", {})
    if detail["type"] not in ("less_than", "less_than_equal") or bounds.get("lt", bounds.get("le")) != 1:
        return ""
    return f" It is a fraction: write {value / 100:g} for {value:g} %."


def _unknown(where: str, known: Mapping[str, Any]) -> str:
    """Name an unknown key with the nearest known one."""
    names = [field.alias or name if isinstance(field, FieldInfo) else name for name, field in known.items()]
    near = difflib.get_close_matches(where.rpartition(".")[2], names, n=1)
    meant = f" Did you mean {near[0]}?" if near else ""
    return f"{where} is not a parameter.{meant} Known here: {', '.join(names)}."


def _section(names: list[str]) -> type[BaseModel]:
    """Return the section class that ``names`` lead to."""
    section: type[BaseModel] = Params
    for name in names:
        field = _lookup(section, name)
        inner = [kind for kind in (field.annotation, *get_args(field.annotation)) if _is_section(kind)] if field else []
        if not inner:
            break
        section = inner[0]
    return section


def _field(names: list[str]) -> FieldInfo | None:
    """Return the field that ``names`` lead to, or None where they lead into a list."""
    for depth in range(len(names), 0, -1):
        field = _lookup(_section(names[: depth - 1]), names[depth - 1])
        if field is not None:
            return field
    return None


def _lookup(section: type[BaseModel], name: str) -> FieldInfo | None:
    return next((f for key, f in section.model_fields.items() if name in (key, f.alias)), None)


def _is_section(kind: Any) -> bool:
    return isinstance(kind, type) and issubclass(kind, BaseModel)


def _interval(field: FieldInfo) -> str:
    """Return the field's bounds as an interval in words."""
    low, high = "(-inf", "inf)"
    for mark in field.metadata:
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
