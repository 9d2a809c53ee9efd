"""The version in service, read through the registry's pointer."""

import hashlib
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from pydantic import ConfigDict

from litesmith.errors import DataError
from litesmith.records.device import LimitCheck
from litesmith.records.record import Record, parse_record, read_record
from litesmith.records.service.judge import JudgedFile, PriorDecision
from litesmith.records.service.release import InService, Manifest, Pointers
from litesmith.tflite.metadata import InputForm, Metadata
from litesmith.tflite.runtime import LiteModel

_MODEL, _FORM, _DECISION, _PROVENANCE = "model.tflite", "model.json", "decision.json", "provenance.json"
_NEEDED = (_MODEL, _FORM, _DECISION, _PROVENANCE)


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


def read_released(pointers: Path, packages: Path, key: str) -> Released | None:
    """Return the version in service, None if there is none.

    Args:
        pointers: The registry's file of pointers.
        packages: The folder of the packages, one for each version.
        key: ``DATA/DEVICE``.

    Raises:
        DataError: The pointer or the package is missing or not as the registry recorded it.
    """
    pointer = read_record(pointers, Pointers).in_service.get(key)
    if pointer is None:
        return None
    folder = packages / pointer.version
    manifest = parse_record(
        _content(folder / "manifest.json", pointer.manifest_sha256, pointer), Manifest, f"{folder}"
    )
    files = {name: _listed(folder, name, manifest, pointer) for name in _NEEDED}
    if hashlib.sha256(files[_MODEL]).hexdigest() != pointer.model_sha256:
        raise DataError(
            f"{folder / _MODEL} is not the model that {pointers} names. {_restore(pointer.version)}"
        )
    form = parse_record(files[_FORM], PackageForm, str(folder / _FORM))
    decision = parse_record(files[_DECISION], PackageDecision, str(folder / _DECISION))
    training = parse_record(files[_PROVENANCE], PackageTraining, str(folder / _PROVENANCE))
    return Released(
        file=JudgedFile(
            name=decision.candidate.name,
            sha256=pointer.model_sha256,
            bytes=len(files[_MODEL]),
            version=pointer.version,
        ),
        path=folder / _MODEL,
        class_names=form.class_names,
        input=form.input,
        prior=PriorDecision(
            sha256=hashlib.sha256(files[_DECISION]).hexdigest(),
            headline=decision.headline,
            limits=decision.evidence.limits,
        ),
        train_digests=frozenset(training.train_digests),
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


def _listed(folder: Path, name: str, manifest: Manifest, pointer: InService) -> bytes:
    if name not in manifest.files:
        raise DataError(f"{folder} lists no {name}, so it is no package. {_restore(pointer.version)}")
    return _content(folder / name, manifest.files[name].sha256, pointer)


def _content(path: Path, sha256: str, pointer: InService) -> bytes:
    """Return a file of a package, which has its SHA-256."""
    try:
        content = path.read_bytes()
    except OSError as error:
        raise DataError(
            f"{path} cannot be read: {error.strerror}. {_restore(pointer.version)}"
        ) from error
    if (digest := hashlib.sha256(content).hexdigest()) != sha256:
        raise DataError(
            f"{path} has the SHA-256 {digest}, and {sha256} was recorded. {_restore(pointer.version)}"
        )
    return content


def _restore(version: str) -> str:
    return (
        f"Restore version {version}, which is in service (`dvc pull`), or go back to another one with "
        "`python -m tasks rollback`."
    )
