"""References and summaries of this version and earlier ones."""

import json
from dataclasses import asdict
from pathlib import Path
from typing import Any, Literal

import numpy as np
from pydantic import Field, JsonValue

from litesmith.analysis.balance import balance_of_confusion, over_majority
from litesmith.analysis.paired import paired_counts
from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.records.device import LatencyResult
from litesmith.records.evaluate import EvaluateResult
from litesmith.records.figures import View
from litesmith.records.prepare import PrepareResult
from litesmith.records.provenance import Provenance
from litesmith.records.record import Kind, parse_record
from litesmith.records.summary import NetworkSize, Reference, Results, RightAnswers
from litesmith.records.validate import RawFiles
from litesmith.report.reference import as_reference, data_facts


class _Dataset(View):
    name: str


class _Validation(View):
    files: dict[str, RawFiles]


class _Baseline(View):
    num_parameters: int
    macs: int


class RunResults(View):
    """The results that do not depend on how a network was found."""

    baseline: _Baseline
    validation: _Validation = Field(alias="validate")
    prepare: PrepareResult
    evaluate: EvaluateResult
    latency: LatencyResult


class RunFigures(View):
    """The part of a summary that a reference and the README need."""

    kind: Literal["litesmith summary"]
    schema_version: Literal[3, 4]
    dataset: _Dataset
    right: RightAnswers
    results: RunResults
    provenance: dict[str, Provenance]
    inputs: dict[str, str]


class FullResults(View):
    """The results of all steps in a summary, and how they were made."""

    kind: Literal["litesmith summary"]
    schema_version: Literal[3, 4]
    results: Results
    provenance: dict[str, Provenance]


def read_reference(path: Path) -> Reference | None:
    """Return the reference run; None where the file holds null.

    Raises:
        DataError: The file is not JSON, or holds no reference.
    """
    try:
        return None if read_json(path) is None else _read(path, Reference)
    except DataError as error:
        raise DataError(
            f"{error} It holds the reference run, or null. `git checkout -- {path.as_posix()}` restores "
            "the committed one."
        ) from error


def parse_reference(content: bytes, where: str) -> Reference:
    """Return the reference run in a text, such as that of a package.

    Raises:
        DataError: It is not JSON, or no reference.
    """
    return _parsed(content, Reference, where)


def read_run(path: Path) -> Reference:
    """Return the run of a summary as a reference.

    Raises:
        DataError: The file is not JSON, or holds no summary.
    """
    return _as_reference(read_figures(path))


def parse_run(content: bytes, where: str) -> Reference:
    """Return the run of a summary in a text.

    Raises:
        DataError: It is not JSON, or no summary.
    """
    return _as_reference(_parsed(content, RunFigures, where))


def _as_reference(run: RunFigures) -> Reference:
    results = run.results
    data = data_facts(run.dataset.name, results.validation.files, results.prepare)
    reference = as_reference(
        results.evaluate, results.latency, data, run.right, run.provenance, run.inputs
    )
    size = NetworkSize(num_parameters=results.baseline.num_parameters, macs=results.baseline.macs)
    return reference.model_copy(update={"baseline": size})


def read_figures(path: Path) -> RunFigures:
    """Return what a summary tells of what was reached.

    Raises:
        DataError: The file is not JSON, or holds no summary.
    """
    return _read(path, RunFigures)


def read_results(path: Path) -> FullResults:
    """Return the results of all steps that a summary holds.

    Raises:
        DataError: The file is not JSON, or holds no such results.
    """
    return _read(path, FullResults)


def _parsed(content: bytes, kind: type[Kind], where: str) -> Kind:
    try:
        return _converted_record(json.loads(content), kind, where)
    except ValueError as error:
        raise DataError(f"{where} is not JSON: {error}. Restore the file.") from error


def _read(path: Path, kind: type[Kind]) -> Kind:
    return _converted_record(read_json(path), kind, path.as_posix())


def _converted_record(content: Any, kind: type[Kind], where: str) -> Kind:
    """Return a record, converted if version 2 wrote it."""
    match content:
        case {"schema_version": 2}:
            try:
                content = {**_converted_all(content), "schema_version": 3}
            except (LookupError, TypeError, ValueError) as error:
                raise DataError(
                    f"{where} cannot be converted from version 2: {error}. Restore the file."
                ) from error
    return parse_record(json.dumps(content), kind, where)


def _converted_all(content: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: _converted(value) for name, value in content.items()}


def _converted(part: JsonValue) -> JsonValue:
    """Return a part of version 2 in the shape of version 3.

    Version 2 recorded nothing of single classes but the confusion of the test images, which tells it.
    """
    if isinstance(part, list):
        return [_converted(item) for item in part]
    if not isinstance(part, dict):
        return part
    new = _converted_all(part)
    match part:
        case {"confusion": list(rows)}:
            return {**new, "balance": asdict(balance_of_confusion(np.array(rows)))}
        case {"gain": dict(), "final": str()}:
            return {**new, **_comparisons(part)}
        case {"keras_bytes": _, "tflite_bytes": _}:
            return {**new, "balance": None, "worst_class": None}
    return new


def _comparisons(evaluated: JsonValue) -> dict[str, JsonValue]:
    """Return the comparisons of the final file, of a result of version 2."""
    match evaluated:
        case {
            "gain": {"mean": float(mean), "standard_error": float(error)},
            "num_images": int(num_images), "final": str(final), "variants": dict(variants),
        }:  # fmt: skip
            num_changed = num_images * (num_images * error**2 + mean**2)
            num_gained = round((num_changed + num_images * mean) / 2)
            gain = paired_counts(num_gained, round(num_changed) - num_gained, num_images)
            match variants.get(final):
                case {"confusion": list(rows)}:
                    return {"gain": asdict(gain), "majority": asdict(over_majority(np.array(rows)))}
    return {}
