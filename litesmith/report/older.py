"""References and summaries of this version and the one before."""

import json
from dataclasses import asdict
from pathlib import Path

import numpy as np
from pydantic import JsonValue

from litesmith.analysis.balance import balance_of_confusion, over_majority
from litesmith.analysis.paired import paired_counts
from litesmith.errors import DataError
from litesmith.files import read_json
from litesmith.records.record import Kind, parse_record
from litesmith.records.summary import HeadlineSide, Reference, Summary
from litesmith.report.reference import as_reference


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
            "the committed one; `python -m tasks reference` makes the last run the reference."
        ) from error


def read_run(path: Path) -> Reference:
    """Return the run of a summary as a reference.

    Raises:
        DataError: The file is not JSON, or holds no summary.
    """
    summary = read_summary(path)
    return as_reference(summary.results, summary.right, summary.provenance, summary.inputs)


def read_summary(path: Path) -> Summary:
    """Return the numbers of a report.

    Raises:
        DataError: The file is not JSON, or holds no summary.
    """
    summary = _read(path, Summary)
    baseline, optimized = (
        _with_classes(side, summary) for side in (summary.headline.baseline, summary.headline.optimized)
    )
    headline = summary.headline.model_copy(update={"baseline": baseline, "optimized": optimized})
    return summary.model_copy(update={"headline": headline})


def _with_classes(side: HeadlineSide, summary: Summary) -> HeadlineSide:
    """Return a side of the headline with what its variant reaches by class."""
    variant = summary.results.evaluate.variants.get(side.variant)
    known = {"balance": variant.balance, "worst_class": variant.worst_name} if variant else {}
    return side.model_copy(update=known)


def _read(path: Path, kind: type[Kind]) -> Kind:
    """Return the record in a file, converted if version 2 wrote it."""
    content = read_json(path)
    match content:
        case {"schema_version": 2}:
            try:
                content = {**_converted_all(content), "schema_version": 3}
            except (LookupError, TypeError, ValueError) as error:
                raise DataError(
                    f"{path} cannot be converted from version 2: {error}. Restore the file."
                ) from error
    return parse_record(json.dumps(content), kind, path.as_posix())


def _converted_all(content: dict[str, JsonValue]) -> dict[str, JsonValue]:
    return {name: _converted(value) for name, value in content.items()}


def _converted(part: JsonValue) -> JsonValue:
    """Return a part of version 2 in the shape of version 3.

    Version 2 recorded nothing of single classes but the confusion of the test images, which tells it;
    of other images it is not known. All images were grey.
    """
    if isinstance(part, list):
        return [_converted(item) for item in part]
    if not isinstance(part, dict):
        return part
    new, unknown = _converted_all(part), dict[str, JsonValue](balance=None)
    match part:
        case {"confusion": list(rows)}:
            return {**new, "balance": asdict(balance_of_confusion(np.array(rows)))}
        case {"gain": dict(), "final": str()}:
            return {**new, **_comparisons(part)}
        case {"within_noise": near}:
            others = {name: value for name, value in new.items() if name != "within_noise"}
            return {**others, **unknown, "near_best": near, "smallest_visible": None}
        case {"keras_bytes": _, "tflite_bytes": _}:
            return {**new, **unknown, "worst_class": None}
        case {"synthetic": _, "class_names": _}:
            return {**new, "license": None, "source": None}
        case {"num_classes": _, "stem_width": _}:
            return {**new, "channels": 1}
        case {"variants": _, "clustering": _}:
            return {**new, "left_out": {}}
        case {"golden_max_error": _}:
            return {**new, **unknown}
        case {"accuracy": _, "loss": _} if len(part) == 2:
            return {**new, **unknown}
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
