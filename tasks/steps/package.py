"""The step that packs the final file for a release."""

import logging
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.params.sections.dataset import Description
from litesmith.records.convert import ConvertResult
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.prepare import PrepareResult
from litesmith.records.record import read_record
from litesmith.records.service.judge import Decision
from litesmith.records.service.release import PackageProvenance
from tasks import catalog
from tasks.dag.step import Measured, step

if TYPE_CHECKING:
    from litesmith.records.summary import Reference

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The final file with its results, its decision, and what it learned from."""

    final: Path = catalog.FINAL_LITE
    metadata: Path = catalog.FINAL_METADATA
    golden: Path = catalog.GOLDEN
    converted: Path = catalog.results("convert")
    evaluated: Path = catalog.results("evaluate")
    prepared: Path = catalog.results("prepare")
    decision: Path = catalog.DECISION
    summary: Path = catalog.SUMMARY
    card: Path = catalog.MODEL_CARD
    train: Path = catalog.TRAIN
    intake: Path = catalog.INTAKE


@dataclass(frozen=True)
class Outs:
    """The package; card and reference in it hold times."""

    package: Annotated[Path, Measured()] = catalog.PACKAGE


@step
def package(ins: Ins, outs: Outs, *, dataset: Description) -> None:
    """Pack the final file with all that a release needs.

    Raises:
        DataError: The decision is on another file, or the package does not pass its own checks.
    """
    import numpy as np

    from litesmith.release.golden import golden_rows
    from litesmith.release.package import Release, write_package
    from litesmith.report.older import read_run
    from litesmith.tflite.metadata import parse_metadata

    converted, reference = read_record(ins.converted, ConvertResult), read_run(ins.summary)
    with np.load(ins.golden, allow_pickle=False) as arrays:
        images, labels = itemgetter("images", "labels")(arrays)
    manifest = write_package(
        outs.package,
        Release(
            model=ins.final.read_bytes(),
            metadata=parse_metadata(ins.metadata),
            golden=images[golden_rows(labels)],
            file=converted.files[converted.final.name],
            evaluated=read_record(ins.evaluated, EvaluateResult),
            decision=ins.decision.read_bytes(),
            data=dataset,
            provenance=_provenance(ins, read_record(ins.decision, Decision), reference),
            reference=reference,
            card=ins.card.read_text(encoding="utf-8"),
        ),
    )
    size_bytes = sum(file.bytes for file in manifest.files.values())
    _LOG.info("%s: %d files, %.0f KB", outs.package, len(manifest.files), size_bytes / 1000)


def _provenance(ins: Ins, decision: Decision, reference: "Reference") -> PackageProvenance:
    """Return where the file comes from."""
    import numpy as np

    from litesmith.data.rows import read_rows

    rows = read_rows(ins.intake / "rows.csv")
    learned = np.load(ins.train / "ids.npy", allow_pickle=False)
    steps = reference.provenance
    return PackageProvenance(
        dataset=decision.dataset,
        splits=read_record(ins.prepared, PrepareResult).splits,
        train_digests=tuple(sorted({rows[row].digest for row in learned})),
        parameters={name: record.parameters for name, record in steps.items()},
        versions={name: record.versions for name, record in steps.items()},
        inputs=reference.inputs,
    )
