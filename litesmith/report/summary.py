"""All numbers of a report for machines."""

import json
from dataclasses import replace
from math import isfinite

from litesmith.analysis.paired import Difference
from litesmith.records.summary import (
    AccuracyChange,
    DatasetSummary,
    Headline,
    Results,
    SinceReference,
    Summary,
    Verdict,
)
from litesmith.records.validate import Pictures
from litesmith.report.inputs import BASELINE, BASELINE_LITE, ReportInputs
from litesmith.report.reference import Since, headline_side, this_run


def summarize(inputs: ReportInputs, verdict: Verdict, since: Since | None) -> Summary:
    """Return all numbers of a report."""
    results, run = inputs.results, this_run(inputs)
    dataset = results.validate.dataset
    return Summary(
        kind="litesmith summary",
        schema_version=2,
        dataset=DatasetSummary(
            name=dataset.name, synthetic=dataset.synthetic, class_names=inputs.class_names
        ),
        final=inputs.final,
        headline=Headline(
            baseline=headline_side(results, BASELINE, BASELINE, BASELINE_LITE),
            optimized=run.optimized,
            gain=_change(results.evaluate.gain),
        ),
        right=run.right,
        results=_without_pictures(results),
        histories={
            model: {name: _finite(column) for name, column in history.items()}
            for model, history in inputs.histories.items()
        },
        provenance=run.provenance,
        inputs=run.inputs,
        verdict=verdict,
        since_reference=_since(since) if since else None,
    )


def schema_text() -> str:
    """Return the JSON schema of a summary, generated from its type."""
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema = draft | Summary.model_json_schema(mode="serialization")
    return json.dumps(schema, indent=1, ensure_ascii=False) + "\n"


def _change(difference: Difference) -> AccuracyChange:
    return AccuracyChange(mean=difference.mean, low=difference.low, high=difference.high)


def _since(since: Since) -> SinceReference:
    return SinceReference(**{**vars(since), "accuracy": _change(since.accuracy)})


def _without_pictures(results: Results) -> Results:
    """Return results without the pictures that validation left for the page."""
    shown = results.validate.thumbnails
    pictures = Pictures(
        classes=tuple(picture.model_copy(update={"image": ""}) for picture in shown.classes),
        suspicious=tuple(picture.model_copy(update={"image": ""}) for picture in shown.suspicious),
    )
    return replace(results, validate=results.validate.model_copy(update={"thumbnails": pictures}))


def _finite(column: tuple[float, ...]) -> tuple[float | None, ...]:
    """Return a column with None for what is no number."""
    return tuple(value if isfinite(value) else None for value in column)
