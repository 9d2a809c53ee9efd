"""The version in service, read through the registry's pointer."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

from pydantic import ConfigDict

from litesmith.records.device import LimitCheck
from litesmith.records.record import Record, parse_record
from litesmith.records.service.judge import JudgedFile, PriorDecision
from litesmith.release.pointers import Key
from litesmith.release.released import ReleasedPackage, find_released
from litesmith.tflite.metadata import InputForm, Metadata
from litesmith.tflite.runtime import LiteModel

_MODEL, _FORM, _DECISION, _PROVENANCE = "model.tflite", "model.json", "decision.json", "provenance.json"

Kind = TypeVar("Kind", bound=Record)


@dataclass(frozen=True)
class Released:
    """The version in service.

    Attributes:
        file: Its model, with the version.
        path: Of that model.
        class_names: In the order of its outputs.
        input: How pictures come to it.
        prior: The decision that its package holds.
        train_digests: Of the images that it learned from.
    """

    file: JudgedFile
    path: Path
    class_names: tuple[str, ...]
    input: InputForm
    prior: PriorDecision
    train_digests: frozenset[str]


class Part(Record):
    """Fields that are needed of a file, which may have others."""

    model_config = ConfigDict(extra="ignore")


class PackageForm(Part):
    """What is needed of a package's ``model.json``."""

    class_names: tuple[str, ...]
    input: InputForm


class PackageTraining(Part):
    """What is needed of a package's ``provenance.json``."""

    train_digests: tuple[str, ...]


class NamedFile(Part):
    """What is needed of a file in a decision."""

    name: str


class SeenLimits(Part):
    """What is needed of a decision's evidence."""

    limits: tuple[LimitCheck, ...]


class PackageDecision(Part):
    """What is needed of a package's ``decision.json``, also of another version."""

    headline: str
    candidate: NamedFile
    evidence: SeenLimits


def read_released(pointers: Path, packages: Path, key: Key) -> Released | None:
    """Return the version in service, None if there is none.

    Args:
        pointers: The registry's file of pointers.
        packages: The folder of the packages, one for each version.
        key: The data set and the device.

    Raises:
        DataError: The pointer or the package is missing or not as the registry recorded it.
    """
    package = find_released(pointers, packages, key)
    if package is None:
        return None
    model, decision = package.read(_MODEL), _part(package, _DECISION, PackageDecision)
    form = _part(package, _FORM, PackageForm)
    return Released(
        file=JudgedFile(
            name=decision.candidate.name,
            sha256=hashlib.sha256(model).hexdigest(),
            bytes=len(model),
            version=package.version,
        ),
        path=package.folder / _MODEL,
        class_names=form.class_names,
        input=form.input,
        prior=PriorDecision(
            sha256=hashlib.sha256(package.read(_DECISION)).hexdigest(),
            headline=decision.headline,
            limits=decision.evidence.limits,
        ),
        train_digests=frozenset(_part(package, _PROVENANCE, PackageTraining).train_digests),
    )


def other_form(
    candidate: Metadata, model: LiteModel, released: Released, other: LiteModel
) -> str | None:
    """Return how input or classes differ, None if they do not.

    Scale and zero point may differ: they travel with each model.
    """
    pairs: Sequence[tuple[str, object, object]] = (
        ("list of classes", candidate.class_names, released.class_names),
        ("input form", candidate.input, released.input),
        ("input", (model.input.dtype, model.input.shape), (other.input.dtype, other.input.shape)),
        ("output", (model.output.dtype, model.output.shape), (other.output.dtype, other.output.shape)),
    )
    differing = [what for what, now, before in pairs if now != before]
    return f"another {' and another '.join(differing)}" if differing else None


def _part(package: ReleasedPackage, name: str, kind: type[Kind]) -> Kind:
    return parse_record(package.read(name), kind, str(package.folder / name))
