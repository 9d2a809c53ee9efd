"""Every variant: accuracy, loss, agreement, bytes and latency."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from litesmith.records.device import FileLatency, LatencyResult
from litesmith.records.evaluate import Variant
from litesmith.report import drawing
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.variants.figures import draw_files


@dataclass(frozen=True)
class VariantRow:
    """A variant as the table shows it.

    Agreement is the share of test images that it answers as its Keras model. A Keras model has neither
    agreement nor latency.
    """

    name: str
    variant: Variant
    agreement: float | None
    latency: FileLatency | None


@dataclass(frozen=True)
class VariantsSection:
    """What the section shows; ``no_loss`` is each reason for no loss with its precisions."""

    final: str
    class_names: tuple[str, ...]
    rows: tuple[VariantRow, ...]
    no_loss: Mapping[str, str]
    latency: LatencyResult
    figure: Markup


def build(inputs: ReportInputs) -> VariantsSection:
    """Return what the section shows."""
    evaluated, latency = inputs.results.evaluate, inputs.results.latency
    rows = tuple(
        VariantRow(
            name,
            variant,
            evaluated.flips[name].agreement if name in evaluated.flips else None,
            latency.variants.get(name),
        )
        for name, variant in evaluated.variants.items()
    )
    files = {row.name: row.variant for row in rows if row.latency}
    description = f"Of {len(files)} .tflite files: accuracy, bytes, latency. The table has the numbers."
    figure = drawing.drawn("files", description, draw_files, files, latency.variants, inputs.final)
    return VariantsSection(
        final=inputs.final,
        class_names=inputs.class_names,
        rows=rows,
        no_loss=no_loss(evaluated.variants.values()),
        latency=latency,
        figure=figure,
    )


def no_loss(variants: Iterable[Variant]) -> dict[str, str]:
    """Return each reason for which precisions have no loss, with their names."""
    precisions: dict[str, list[str]] = {}
    for variant in variants:
        if variant.loss_reason:
            precisions.setdefault(variant.loss_reason, []).append(variant.precision)
    return {reason: " and ".join(dict.fromkeys(names)) for reason, names in precisions.items()}


SECTION = Section("variants", "Every variant", build)
