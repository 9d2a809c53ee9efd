"""Compression: pruning and dropout apart and together, and sparsity layer by layer."""

from dataclasses import dataclass

from markupsafe import Markup

from litesmith.analysis.intervals import CONFIDENCE, Estimate, wilson
from litesmith.records.prune import AblationLine, PruneResult
from litesmith.report import drawing
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.compression.figures import SparsityRow, draw_ablation, draw_sparsity

QUANTIZED = "pruned-int8"


@dataclass(frozen=True)
class AblationRow:
    """A model of the ablation, and its validation accuracy minus the winner's."""

    line: AblationLine
    change: float


@dataclass(frozen=True)
class CompressionSection:
    """What the section shows; ``quantized`` is the int8 file's sparsity."""

    result: PruneResult
    class_names: tuple[str, ...]
    ablation: tuple[AblationRow, ...]
    ablation_figure: Markup
    layers: tuple[SparsityRow, ...]
    layers_figure: Markup
    quantized: float


def build(inputs: ReportInputs) -> CompressionSection:
    """Return what the section shows."""
    layers = sparsity_rows(inputs)
    return CompressionSection(
        result=inputs.results.prune,
        class_names=inputs.class_names,
        ablation=ablation(inputs),
        ablation_figure=_ablation_figure(inputs),
        layers=layers,
        layers_figure=_layers_figure(layers),
        quantized=inputs.results.convert.files[QUANTIZED].sparsity.overall,
    )


def ablation(inputs: ReportInputs) -> tuple[AblationRow, ...]:
    """Return the models of the ablation, each with its change against the winner."""
    lines = inputs.results.prune.ablation
    winner = lines["winner"].validation.accuracy
    return tuple(AblationRow(line, line.validation.accuracy - winner) for line in lines.values())


def sparsity_rows(inputs: ReportInputs) -> tuple[SparsityRow, ...]:
    """Return the sparsity of every layer, matched by name with the int8 file."""
    tensors = inputs.results.convert.files[QUANTIZED].sparsity.layers
    left = {tensor.name: tensor.sparsity for tensor in tensors}
    return tuple(SparsityRow(layer, left.get(layer.name)) for layer in inputs.results.prune.layers)


def _ablation_figure(inputs: ReportInputs) -> Markup:
    num_images = inputs.results.prepare.splits["validation"].num_images
    rows = {}
    for line in inputs.results.prune.ablation.values():
        share = line.validation.accuracy
        interval = wilson(round(share * num_images), num_images, CONFIDENCE)
        rows[line.label] = interval or Estimate(share, share, share)
    words = "; ".join(f"{label} {100 * accuracy.value:.2f} %" for label, accuracy in rows.items())
    description = f"Validation accuracy with its {100 * CONFIDENCE:g} % interval: {words}."
    return drawing.drawn("ablation", description, draw_ablation, rows)


def _layers_figure(rows: tuple[SparsityRow, ...]) -> Markup:
    words = "; ".join(
        f"{row.layer.name} {100 * row.quantized:.0f} %" for row in rows if row.quantized is not None
    )
    description = (
        f"Share of zero weights in each layer: requested, reached, and in {QUANTIZED}: {words}."
    )
    return drawing.drawn("sparsity", description, draw_sparsity, rows)


SECTION = Section("compression", "Compression", build)
