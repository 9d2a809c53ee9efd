"""All numbers of a report for machines."""

import json
import re
from dataclasses import replace
from math import isfinite

from litesmith.records.summary import (
    DatasetSummary,
    Fact,
    Headline,
    Results,
    SinceReference,
    Summary,
    Verdict,
)
from litesmith.records.validate import Pictures
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import accuracy_change, baseline_side, this_run
from litesmith.report.verdict import summarize_decision


def summarize(
    inputs: ReportInputs, verdict: Verdict, facts: tuple[Fact, ...], since: SinceReference | None
) -> Summary:
    """Return all numbers of a report."""
    results, run = inputs.results, this_run(inputs)
    return Summary(
        kind="litesmith summary",
        schema_version=4,
        dataset=DatasetSummary(
            name=inputs.dataset.name,
            license=inputs.dataset.license,
            source=inputs.dataset.source,
            synthetic=results.validate.dataset.synthetic,
            class_names=inputs.class_names,
        ),
        final=inputs.final,
        headline=Headline(
            baseline=baseline_side(results),
            optimized=run.optimized,
            gain=accuracy_change(results.evaluate.gain),
        ),
        right=run.right,
        results=_without_pictures(results),
        network=inputs.network,
        tradeoff=inputs.tradeoff,
        histories={
            model: {
                name: tuple(value if isfinite(value) else None for value in column)
                for name, column in history.items()
            }
            for model, history in inputs.histories.items()
        },
        provenance=run.provenance,
        inputs=run.inputs,
        decision=summarize_decision(inputs.decision),
        verdict=verdict,
        facts=facts,
        since_reference=since,
    )


def schema_text() -> str:
    """Return the JSON schema of a summary, generated from its type."""
    draft = {"$schema": "https://json-schema.org/draft/2020-12/schema"}
    schema = draft | Summary.model_json_schema(mode="serialization")
    text = json.dumps(schema, indent=1, ensure_ascii=False)
    # The innermost objects and lists stand on one line.
    innermost = re.compile(r"(?<=[\[{])\s+[^\[\]{}]*?\s+(?=[\]}])")
    return innermost.sub(lambda match: re.sub(r"\s*\n\s*", " ", match[0]).strip(), text) + "\n"


def _without_pictures(results: Results) -> Results:
    """Return results without the images that validation left for the page."""
    shown, no_image = results.validate.thumbnails, {"image": ""}
    pictures = Pictures(
        classes=tuple(picture.model_copy(update=no_image) for picture in shown.classes),
        suspicious=tuple(picture.model_copy(update=no_image) for picture in shown.suspicious),
        mislabelled=tuple(picture.model_copy(update=no_image) for picture in shown.mislabelled),
        left_out=tuple(picture.model_copy(update=no_image) for picture in shown.left_out),
    )
    return replace(results, validate=results.validate.model_copy(update={"thumbnails": pictures}))
