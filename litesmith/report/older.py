"""The reference run as a file holds it, in this version or the one before."""

import json
from pathlib import Path

from pydantic import ConfigDict, Field

from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.records.latency import FileLatency
from litesmith.records.prepare import PrepareResult
from litesmith.records.provenance import Provenance
from litesmith.records.record import Record, parse_record
from litesmith.records.summary import HeadlineSide, Reference, RightAnswers
from litesmith.records.validate import DatasetName, RawFiles
from litesmith.report.reference import data_facts


class _Part(Record):
    """The part of a file that is read; other fields are ignored."""

    model_config = ConfigDict(extra="ignore")


class _Headline(_Part):
    optimized: HeadlineSide


class _Latency(_Part):
    variants: dict[str, FileLatency]


class _Validate(_Part):
    dataset: DatasetName
    files: dict[str, RawFiles]


class _Results(_Part):
    validation: _Validate = Field(alias="validate")
    prepare: PrepareResult


class _SummaryOfVersion1(_Part):
    """What a reference takes from a summary of version 1."""

    final: str
    headline: _Headline
    right: RightAnswers
    results: _Results
    latency: _Latency
    made: dict[str, Provenance]
    inputs: dict[str, str]


def read_reference(path: Path) -> Reference | None:
    """Return the reference run, converted if an older version wrote it; None where the file holds null.

    Raises:
        DataError: The file is not JSON, or holds neither a reference nor a summary of version 1.
    """
    try:
        content = read_json(path)
        if content is None:
            return None
        if isinstance(content, dict) and content.get("schema_version") == 1:
            return reference_of_version_1(json.dumps(content), path.as_posix())
        return parse_record(path.read_bytes(), Reference, path.as_posix())
    except DataError as error:
        raise DataError(
            f"{error} It holds the reference run, or null. `git checkout -- {path}` brings back what was committed; "
            "`python -m tasks reference` makes the last run the reference."
        ) from error


def reference_of_version_1(text: str, where: str) -> Reference:
    """Return the reference that a summary of version 1 describes.

    Args:
        text: The summary.
        where: What to call it in an error.

    Raises:
        DataError: It is no such summary.
    """
    old = parse_record(text, _SummaryOfVersion1, where)
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
