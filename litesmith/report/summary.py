"""All numbers of a report as one mapping for machines, which a later report reads again as its reference.

`summary.schema.json` says what is in it. `SCHEMA_VERSION` goes up when what a reader relies on is no longer there or no
longer means the same.
"""

import math
from collections.abc import Mapping, Sequence
from dataclasses import asdict
from typing import Any

from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from litesmith.report.difference import BASELINE, Difference
from litesmith.report.inputs import SCHEMA_VERSION, Predictions, Records, ReportInputs
from litesmith.report.records import Absent, plain
from litesmith.report.reference import Since, packed
from litesmith.report.sections.headline.section import BASELINE_LITE
from litesmith.report.verdict import BudgetLine, Verdict

KIND = "litesmith summary"


def facts(records: Records, inputs: ReportInputs, derived: Mapping[str, Any]) -> dict[str, Any]:
    """Return the part of the summary that no comparison with another run decides.

    Args:
        records: What was recorded.
        inputs: The same, and the rest of what the report is made from.
        derived: What the sections worked out, by section.
    """
    final = records.final
    return {
        "kind": KIND,
        "schema_version": SCHEMA_VERSION,
        "dataset": {
            "name": plain(records["validate"]["dataset"]["name"], None),
            "drawn": plain(records["validate"]["dataset"]["drawn"], None),
            "class_names": list(inputs.class_names),
        },
        "final": final or None,
        "headline": {
            "baseline": _headline(records, BASELINE, BASELINE, BASELINE_LITE),
            "optimized": _headline(records, final, f"{records.optimized}-keras", final),
        },
        "right": _right(inputs.predictions, final),
        "results": {step: _without_pictures(results) for step, results in inputs.results.items()},
        "latency": inputs.latency,
        "histories": {model: dict(columns) for model, columns in inputs.histories.items()},
        "derived": dict(derived),
        "made": dict(inputs.made),
        "limits": dict(inputs.limits),
        "inputs": dict(inputs.sha256),
    }


def summary(
    base: Mapping[str, Any],
    verdict: Verdict,
    gain: Difference | Absent,
    budget: Sequence[BudgetLine],
    changed: Since | Absent,
) -> dict[str, Any]:
    """Return the whole summary: ``base`` as `facts` gave it, and what was judged.

    Values that are not numbers (a loss that diverged) become null, which JSON has a word for.
    """
    headline = {**base["headline"], "gain": None if isinstance(gain, Absent) else asdict(gain)}
    judged = {
        "verdict": asdict(verdict),
        "headline": headline,
        "budget": [_budget(line) for line in budget],
        "since_reference": None if isinstance(changed, Absent) else _since(changed),
    }
    content: dict[str, Any] = _finite({**base, **judged})
    return content


def script_text(content: Mapping[str, Any]) -> Markup:
    """Write a summary as JSON that may stand in a ``<script>`` element: nothing in it can end the element."""
    return htmlsafe_json_dumps(content, separators=(",", ":"), allow_nan=False)


def _headline(records: Records, measured: str, keras: str, lite: str) -> dict[str, Any]:
    variants = records["evaluate"]["variants"]
    return {
        "variant": measured or None,
        "accuracy": plain(variants[measured]["accuracy"], None),
        "accuracy_interval": plain(variants[measured]["accuracy_interval"], None),
        "keras_bytes": plain(variants[keras]["bytes"], None),
        "tflite_bytes": plain(variants[lite]["bytes"], None),
        "gzip_bytes": plain(variants[lite]["gzip_bytes"], None),
        "median_latency_ms": plain(records.latency["variants"][lite]["median_ms"], None),
    }


def _right(predictions: Predictions, final: str) -> dict[str, Any] | None:
    """Return which test images the final variant got right, one bit each."""
    predicted = predictions.predicted.get(final)
    if predicted is None:
        return None
    return {"num_images": len(predictions.labels), "bits": packed(predicted == predictions.labels)}


def _budget(line: BudgetLine) -> dict[str, Any]:
    value = None if isinstance(line.value, Absent) else line.value
    return {"limit": line.limit_name, "name": line.name, "unit": line.unit, "value": value, "most": line.limit,
            "met": line.met}  # fmt: skip


def _since(changed: Since) -> dict[str, Any]:
    accuracy = None if isinstance(changed.accuracy, Absent) else asdict(changed.accuracy)
    shares = {name: plain(getattr(changed, name), None) for name in ("raw_share", "gzip_share")}
    lists = {name: [asdict(one) for one in getattr(changed, name)] for name in _LISTS}
    return {"final": plain(changed.final, None), "accuracy": accuracy, "paired": changed.paired,
            "same_run": changed.same_run, **shares, **lists}  # fmt: skip


_LISTS = ("data", "parameters", "versions", "hosts", "inputs")


def _without_pictures(content: Any) -> Any:
    """Return recorded results without the pictures that they hold for the page."""
    if isinstance(content, dict):
        return {key: _without_pictures(value) for key, value in content.items() if key not in _PICTURES}
    return [_without_pictures(value) for value in content] if isinstance(content, list) else content


_PICTURES = ("image",)


def _finite(content: Any) -> Any:
    """Return ``content`` with null for every number that is none, and everything plain enough for JSON."""
    if isinstance(content, Mapping):
        return {str(key): _finite(value) for key, value in content.items()}
    if isinstance(content, list | tuple):
        return [_finite(value) for value in content]
    return None if isinstance(content, float) and not math.isfinite(content) else content
