"""The step that checks the raw files."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.errors import DataError, RefusedError
from litesmith.files import write_json, write_text
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.record import write_record
from tasks import catalog
from tasks.dag.step import Metric, step

if TYPE_CHECKING:
    from litesmith.data.rules import Verdict
    from litesmith.data.statistics import RawSet

_LOG = logging.getLogger(__name__)
_PAGE = catalog.REFUSALS / "validate.html"


@dataclass(frozen=True)
class Ins:
    """The raw files, and all images as they were taken in."""

    raw: Path = catalog.RAW
    intake: Path = catalog.INTAKE


@dataclass(frozen=True)
class Outs:
    """The result, written only if no critical rule failed."""

    metrics: Annotated[Path, Metric()] = catalog.metrics("validate")
    results: Path = catalog.results("validate")
    verdicts: Path = catalog.VERDICTS


@step
def validate(params: ValidateParams, ins: Ins, outs: Outs, *, dataset: DatasetParams) -> None:
    """Check the raw files and refuse unfit ones.

    Raises:
        DataError: A file cannot be read. A refusal page says which and why.
        RefusedError: A critical rule fails; names it and the images. A refusal page shows them.
    """
    # It logs at length how it registers its own functions.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    from litesmith.data.rows import read_rows
    from litesmith.data.rules import judge_set, verdict_metrics, verdict_result
    from litesmith.data.thumbnails import thumbnails

    _PAGE.unlink(missing_ok=True)
    raw = _read(ins, dataset)
    counts = ", ".join(f"{len(pair.images)} {name} images" for name, pair in raw.items())
    _LOG.info("checking %s", counts)
    verdict = judge_set(raw, params, dataset)
    for finding in verdict.findings:
        _LOG.log(logging.INFO if finding.success else logging.WARNING, "%s", finding)
    if verdict.blocks:
        _refuse(verdict, raw, dataset)
    pictures = thumbnails(raw, verdict.images, dataset.classes or (), params)
    write_record(outs.results, verdict_result(verdict, dataset, pictures))
    write_json(outs.metrics, verdict_metrics(verdict))
    # Every image, until batches are judged.
    num_rows = len(read_rows(ins.intake / "rows.csv"))
    write_text(outs.verdicts, "accepted,reason\n" + "1,\n" * num_rows)


def _read(ins: Ins, dataset: DatasetParams) -> "RawSet":
    """Read all four files; errors in them leave a refusal page."""
    from litesmith.data.sources import idx_pairs
    from litesmith.data.statistics import read_raw
    from litesmith.documents.refusal import render_page

    try:
        return read_raw(idx_pairs(ins.raw))
    except DataError as error:
        write_text(_PAGE, render_page(dataset.name, dataset.synthetic, trouble=str(error)))
        raise DataError(f"{error}\nSee {_PAGE.resolve()}.") from error


def _refuse(verdict: "Verdict", raw: "RawSet", dataset: DatasetParams) -> None:
    """Write a page with the failures, and raise them."""
    from litesmith.documents.refusal import failures, render_page, render_text

    write_text(_PAGE, render_page(dataset.name, dataset.synthetic, failures(verdict.findings, raw)))
    raise RefusedError(
        f"{dataset.name} was refused.\n{render_text(verdict.findings)}\nSee {_PAGE.resolve()}. "
        "Correct the data, or the thresholds in the section validate of params.yaml or of the run's "
        "profile."
    )
