"""Small decisions and packages, made by code."""

import hashlib
import shutil
from functools import cache
from pathlib import Path

from litesmith.files import write_bytes
from litesmith.judging.decide import decide
from litesmith.records.record import write_record
from litesmith.records.service.judge import (
    Decision,
    DecisionOutcome,
    GateImages,
    GateVerdict,
    JudgedFile,
)
from litesmith.records.service.release import InService, Manifest, PackageFile
from litesmith.release.registry import Candidate, read_candidate
from tests.litesmith.judging.cases import subject, thresholds

DATASET, DEVICE = "digits", "wearable"


def digest_of(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def make_decision(
    model: bytes,
    outcome: DecisionOutcome = "promote",
    released: InService | None = None,
    gate: str = "a" * 64,
    dataset: str = DATASET,
) -> Decision:
    judged = None
    if released:
        judged = JudgedFile(name="v", sha256=released.model_sha256, bytes=7, version=released.version)
    return _decided(first=released is None).model_copy(
        update={
            "outcome": outcome,
            "headline": f"The gates say: {outcome}.",
            "reasons": (GateVerdict(name="floor", passed=True, text="well above the floor"),),
            "dataset": dataset,
            "device": DEVICE,
            "candidate": JudgedFile(
                name="pruned-int8", sha256=digest_of(model), bytes=len(model), version=None
            ),
            "released": judged,
            "gate": GateImages(num_images=500, sha256=gate, num_left_out=0),
        }
    )


@cache
def _decided(first: bool) -> Decision:
    return decide(subject(first=first), thresholds())


def write_package(folder: Path, decision: Decision, model: bytes, **files: bytes) -> None:
    """Write a package with a model, the decision on it and other files, in the place of another."""
    shutil.rmtree(folder, ignore_errors=True)
    write_bytes(folder / "model.tflite", model)
    write_record(folder / "decision.json", decision)
    for name, content in files.items():
        write_bytes(folder / name, content)
    listed = {
        path.relative_to(folder).as_posix(): PackageFile(
            sha256=digest_of(path.read_bytes()), bytes=path.stat().st_size
        )
        for path in sorted(folder.rglob("*"))
        if path.is_file()
    }
    manifest = Manifest(
        kind="litesmith package",
        schema_version=1,
        dataset=decision.dataset,
        device=decision.device,
        model_sha256=digest_of(model),
        decision=decision.outcome,
        files=listed,
    )
    write_record(folder / "manifest.json", manifest)


def make_candidate(
    folder: Path,
    model: bytes,
    outcome: DecisionOutcome = "promote",
    released: InService | None = None,
    **files: bytes,
) -> Candidate:
    """Write a package and its decision as the steps do, and read them."""
    decision = make_decision(model, outcome, released)
    write_package(folder / "models/package", decision, model, **files)
    write_record(folder / "reports/decision.json", decision)
    return read_candidate(folder / "models/package", folder / "reports/decision.json")
