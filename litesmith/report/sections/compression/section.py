"""Compression: pruning and dropout apart and together, and sparsity layer by layer."""

from dataclasses import dataclass

from markupsafe import Markup

from litesmith.analysis.intervals import CONFIDENCE, Estimate, wilson
from litesmith.records.prune import AblationLine
from litesmith.report import drawing
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.compression.figures import SparsityRow, draw_ablation, draw_sparsity

QUANTIZED = "pruned-int8"


@dataclass(frozen=True)
class AblationRow:
    """One line of the ablation, and its validation accuracy minus the winner's."""

    line: AblationLine
    change: float


@dataclass(frozen=True)
class CompressionSection:
    """What the section shows.

    Attributes:
        ablation: Pruning and dropout apart and together.
        ablation_figure: The same, drawn.
        layers: Sparsity by layer.
        layers_figure: The same, drawn.
        asked: Share of a pruned layer's weights.
        reached: Share of all weights of the pruned Keras model.
        quantized: Share of all weights of its int8 file.
    """

    ablation: tuple[AblationRow, ...]
    ablation_figure: Markup
    layers: tuple[SparsityRow, ...]
    layers_figure: Markup
    asked: float
    reached: float
    quantized: float


def build(inputs: ReportInputs) -> CompressionSection:
    """Return what the section shows."""
    pruned, layers = inputs.results.prune, sparsity_rows(inputs)
    return CompressionSection(
        ablation=ablation(inputs),
        ablation_figure=_ablation_figure(inputs),
        layers=layers,
        layers_figure=_layers_figure(layers),
        asked=pruned.sparsity_asked,
        reached=pruned.sparsity_reached,
        quantized=inputs.results.convert.files[QUANTIZED].sparsity.overall,
    )


def ablation(inputs: ReportInputs) -> tuple[AblationRow, ...]:
    """Return the lines of the ablation, each with its change against the winner."""
    lines = inputs.results.prune.ablation
    winner = lines["winner"].validation.accuracy
    return tuple(AblationRow(line, line.validation.accuracy - winner) for line in lines.values())


def sparsity_rows(inputs: ReportInputs) -> tuple[SparsityRow, ...]:
    """Return the sparsity of every layer, matched by name with the int8 file."""
    tensors = inputs.results.convert.files[QUANTIZED].sparsity.layers
    left = {tensor.name: tensor.sparsity for tensor in tensors}
    return tuple(
        SparsityRow(
            layer.name, layer.shape, layer.num_weights, layer.asked, layer.reached, left.get(layer.name)
        )
        for layer in inputs.results.prune.layers
    )


def _ablation_figure(inputs: ReportInputs) -> Markup:
    num_images = inputs.results.prepare.splits["validation"].num_images
    rows = {
        line.label: _estimate(line.validation.accuracy, num_images)
        for line in inputs.results.prune.ablation.values()
    }
    words = "; ".join(f"{label} {100 * accuracy.value:.2f} %" for label, accuracy in rows.items())
    description = f"Validation accuracy with its {100 * CONFIDENCE:g} % interval: {words}."
    return drawing.drawn("ablation", description, draw_ablation, rows)


def _estimate(share: float, num_images: int) -> Estimate:
    return wilson(round(share * num_images), num_images, CONFIDENCE) or Estimate(share, share, share)


def _layers_figure(layers: tuple[SparsityRow, ...]) -> Markup:
    words = "; ".join(
        f"{layer.name} {100 * layer.quantized:.0f} %" for layer in layers if layer.quantized is not None
    )
    description = f"Share of zero weights in each layer: asked, reached, and in {QUANTIZED}: {words}."
    return drawing.drawn("sparsity", description, draw_sparsity, layers)


SECTION = Section("compression", "Compression", build)
