"""The step that judges images and batches."""

import logging
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.errors import DataError, RefusedError
from litesmith.files import write_json, write_text
from litesmith.params.sections.dataset import DividedOrigin
from litesmith.params.sections.report import DataChoice
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.record import write_record
from litesmith.records.validate import DatasetName
from tasks import catalog
from tasks.dag.refusing import occasion
from tasks.dag.step import Metric, step

if TYPE_CHECKING:
    from litesmith.data.quality.intake import Intake
    from litesmith.data.quality.result import Checked

_LOG = logging.getLogger(__name__)
_PAGE = catalog.REFUSALS / "validate.html"


@dataclass(frozen=True)
class Ins:
    """All readable images, and the batches that persons accepted."""

    intake: Path = catalog.INTAKE
    accepted: Path = catalog.ACCEPTED


@dataclass(frozen=True)
class Outs:
    """The verdict on each image, and a page about what is left out.

    Nothing is written if a critical rule failed.
    """

    verdicts: Path = catalog.VERDICTS
    quarantine: Path = catalog.QUARANTINE
    metrics: Annotated[Path, Metric()] = catalog.metrics("validate")
    results: Path = catalog.results("validate")


@step
def validate(
    params: ValidateParams,
    ins: Ins,
    outs: Outs,
    *,
    dataset: DividedOrigin,
    report: DataChoice,
    cache: Path,
) -> None:
    """Judge batch after batch, leave out unfit ones, and refuse an unfit base.

    Raises:
        DataError: The images cannot be read. A refusal page says why.
        RefusedError: The first batch breaks a critical rule; names it and the images. A refusal page
            shows them.
    """
    # It logs at length how it registers its own functions.
    logging.getLogger("great_expectations").setLevel(logging.WARNING)
    from litesmith.data.quality.cache import Cache
    from litesmith.data.quality.intake import place_rows
    from litesmith.data.quality.judging import judge_intake
    from litesmith.data.quality.result import check_verdicts, validate_metrics, validate_result
    from litesmith.data.quality.verdicts import RowVerdict
    from litesmith.data.rows import write_table
    from litesmith.documents.refusal import render_quarantine

    _PAGE.unlink(missing_ok=True)
    name = DatasetName(name=dataset.name, synthetic=dataset.synthetic)
    intake = _read(ins, name)
    _LOG.info("judging %d images of %d batches", len(intake), len(intake.batches))
    places = place_rows(intake, dataset.shares, dataset.split_seed)
    checked = check_verdicts(judge_intake(intake, places, params, Cache(cache)), params)
    for finding in checked.findings:
        _LOG.log(logging.INFO if finding.success else logging.WARNING, "%s", finding)
    if checked.blocks:
        _refuse(checked, name, report.data)
    result = validate_result(checked, name, params)
    write_table(outs.verdicts, RowVerdict, checked.verdicts.of_rows())
    write_text(outs.quarantine, render_quarantine(name, checked, report.data))
    write_record(outs.results, result)
    write_json(outs.metrics, validate_metrics(result))


def _read(ins: Ins, dataset: DatasetName) -> "Intake":
    """Read the images; errors leave a refusal page."""
    from litesmith.data.accepted import read_accepted
    from litesmith.data.quality.intake import read_intake
    from litesmith.documents.refusal import render_unreadable

    try:
        by_hand = frozenset(batch.digest for batch in read_accepted(ins.accepted))
        return replace(read_intake(ins.intake), by_hand=by_hand)
    except DataError as error:
        write_text(_PAGE, render_unreadable(dataset, str(error), occasion()))
        raise DataError(f"{error}\nSee {_PAGE.resolve()}.") from error


def _refuse(checked: "Checked", dataset: DatasetName, data: str | None) -> None:
    """Write a page with the failures, and raise them."""
    from litesmith.documents.refusal import render_refusal, render_text

    write_text(_PAGE, render_refusal(dataset, checked, occasion(), data))
    raise RefusedError(
        f"{dataset.name} was refused.\n{render_text(checked.findings)}\nSee {_PAGE.resolve()}. "
        "Correct the data, or the thresholds in the section validate of params.yaml, of the data set's "
        "file or of the run's profile."
    )
