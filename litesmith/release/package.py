"""The folder of a package, written from the results of a run."""

import hashlib
import json
from dataclasses import dataclass
from pathlib import Path
from types import MappingProxyType

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError
from litesmith.files import write_bytes
from litesmith.params.sections.dataset import Description
from litesmith.records.convert import ConvertedFile
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.record import Record, write_record
from litesmith.records.service.judge import Decision
from litesmith.records.service.release import Manifest, Operators, PackageFile, PackageProvenance
from litesmith.records.summary import Reference
from litesmith.release import verify
from litesmith.release.bill import bill_of_materials
from litesmith.release.golden import golden_answers
from litesmith.release.operators import list_operators, needed_arena
from litesmith.tflite.metadata import Metadata, Tensors

# How the model card calls the file, and how the package does.
_NAMES = MappingProxyType({"models/final.tflite": verify.MODEL, "final.tflite": verify.MODEL})


@dataclass(frozen=True)
class Release:
    """What a package is made from.

    Attributes:
        model: Content of the ``.tflite`` file.
        metadata: Of the model, without tensors.
        golden: Images to answer, uint8 (n, height, width, channels).
        file: The model as it was converted.
        evaluated: With the measurements of devices.
        decision: Content of the decision's file.
        data: What the data set is called, its license and source.
        card: The model card, as the report writes it.
    """

    model: bytes
    metadata: Metadata
    golden: NDArray[np.uint8]
    file: ConvertedFile
    evaluated: EvaluateResult
    decision: bytes
    data: Description
    provenance: PackageProvenance
    reference: Reference
    card: str


def write_package(folder: Path, release: Release) -> Manifest:
    """Write a package and check it.

    The same inputs give the same bytes.

    Args:
        folder: New or empty.
        release: What the package is made from.

    Raises:
        DataError: The decision is on another model, or the package does not pass its own checks.
        MachineError: The folder cannot be written.
    """
    decision = Decision.model_validate_json(release.decision)
    digest = hashlib.sha256(release.model).hexdigest()
    if decision.candidate.sha256 != digest:
        raise DataError(
            f"the decision is on another model: it names a SHA-256 that begins with "
            f"{decision.candidate.sha256[:12]}, and that of the final file begins with {digest[:12]}. "
            "Judge again."
        )
    contents = _contents(release, decision, digest)
    files = {name: verify.Listed(_sha256(content), len(content)) for name, content in contents.items()}
    contents[verify.SUMS] = verify.sums(files).encode()
    for name, content in contents.items():
        write_bytes(folder / name, content)
    manifest = Manifest(
        kind="litesmith package",
        schema_version=1,
        dataset=decision.dataset,
        device=decision.device,
        model_sha256=digest,
        decision=decision.outcome,
        files={
            name: PackageFile(sha256=_sha256(contents[name]), bytes=len(contents[name]))
            for name in sorted(contents)
        },
    )
    write_record(folder / verify.MANIFEST, manifest)
    try:
        verify.verify(folder)
    except verify.PackageError as error:
        raise DataError(f"the new package does not pass its own checks: {error}") from error
    return manifest


def _contents(release: Release, decision: Decision, digest: str) -> dict[str, bytes]:
    """Return the content of each file by name, without the list of sums."""
    tensors = Tensors(input=release.file.input, output=release.file.output)
    metadata = release.metadata.replace(sha256=digest, tensors=tensors)
    tested = release.evaluated.variants[decision.candidate.name]
    operators = Operators(
        operators=list_operators(release.model),
        arena=needed_arena(release.evaluated.device, decision.candidate.name),
    )
    card = release.card
    for name, packaged in _NAMES.items():
        card = card.replace(name, packaged)
    bill = bill_of_materials(decision, release.file, tested, release.data, release.provenance)
    return {
        verify.MODEL: release.model,
        verify.FORM: _json(metadata.model_dump(mode="json")),
        verify.GOLDEN: golden_answers(release.model, release.golden, metadata),
        "operators.json": _record(operators),
        "model-card.md": card.encode(),
        "decision.json": release.decision,
        "provenance.json": _record(release.provenance),
        "reference.json": _record(release.reference),
        "scores.json": _json(decision.scores and decision.scores.model_dump(mode="json")),
        "bill.cdx.json": _json(bill),
        "verify.py": Path(verify.__file__).read_bytes(),
    }


def _sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def _record(record: Record) -> bytes:
    return _json(record.model_dump(mode="json"))


def _json(content: object) -> bytes:
    return (json.dumps(content, indent=2, allow_nan=False, ensure_ascii=False) + "\n").encode()
