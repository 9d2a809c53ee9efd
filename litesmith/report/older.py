"""References and summaries of this version and the one before."""

from pathlib import Path

from pydantic import Field

from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.records.device import FileLatency
from litesmith.records.figures import View
from litesmith.records.prepare import PrepareResult
from litesmith.records.provenance import Provenance
from litesmith.records.record import read_record
from litesmith.records.summary import HeadlineSide, Reference, RightAnswers, Summary
from litesmith.records.validate import RawFiles
from litesmith.report.reference import as_reference, data_facts


class _Headline(View):
    optimized: HeadlineSide


class _Latency(View):
    variants: dict[str, FileLatency]


class _Dataset(View):
    name: str


class _Validate(View):
    dataset: _Dataset
    files: dict[str, RawFiles]


class _Results(View):
    validation: _Validate = Field(alias="validate")
    prepare: PrepareResult


class _SummaryOfVersion1(View):
    """The part of a summary of version 1 that a reference needs."""

    final: str
    headline: _Headline
    right: RightAnswers
    results: _Results
    latency: _Latency
    made: dict[str, Provenance]
    inputs: dict[str, str]


def read_reference(path: Path) -> Reference | None:
    """Return the reference run; None where the file holds null.

    Raises:
        DataError: The file is not JSON, or holds neither a reference nor a summary of version 1.
    """
    try:
        content = read_json(path)
        if content is None:
            return None
        if isinstance(content, dict) and content.get("schema_version") == 1:
            return _converted(path)
        return read_record(path, Reference)
    except DataError as error:
        raise DataError(
            f"{error} It holds the reference run, or null. `git checkout -- {path.as_posix()}` restores "
            "the committed one; `python -m tasks reference` makes the last run the reference."
        ) from error


def read_run(path: Path) -> Reference:
    """Return the run of a summary as a reference.

    Raises:
        DataError: The file is not JSON, or holds no summary.
    """
    content = read_json(path)
    if isinstance(content, dict) and content.get("schema_version") == 1:
        return _converted(path)
    summary = read_record(path, Summary)
    return as_reference(summary.results, summary.right, summary.provenance, summary.inputs)


def _converted(path: Path) -> Reference:
    """Return the reference that a summary of version 1 describes."""
    old = read_record(path, _SummaryOfVersion1)
    validation = old.results.validation
    return Reference(
        kind="litesmith reference",
        schema_version=2,
        final=old.final,
        optimized=old.headline.optimized,
        right=old.right,
        latency=old.latency.variants[old.final],
        data=data_facts(validation.dataset.name, validation.files, old.results.prepare),
        provenance=old.made,
        inputs=old.inputs,
    )
