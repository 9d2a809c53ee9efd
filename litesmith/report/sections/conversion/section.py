"""Conversion: models and their int8 files, the candidates, and the checks of every file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from markupsafe import Markup

from litesmith.analysis.balance import Balance
from litesmith.analysis.intervals import Estimate
from litesmith.params.sections.quantize import Clustering
from litesmith.records.convert import ConvertedFile, ConvertResult
from litesmith.records.final.tradeoff import TradeoffFile
from litesmith.report import drawing
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section
from litesmith.report.sections.conversion.figures import draw_tradeoff


@dataclass(frozen=True)
class ModelRow:
    """A Keras model, its change against its parent, and its int8 file."""

    name: str
    label: str
    accuracy: float
    balance: Balance | None
    change: float | None
    file: ConvertedFile | None


@dataclass(frozen=True)
class TradeoffRow:
    """A file between size and accuracy; on test where it was measured there."""

    name: str
    file: TradeoffFile
    tested: Estimate | None


@dataclass(frozen=True)
class ConversionSection:
    """What the section shows."""

    result: ConvertResult
    class_names: tuple[str, ...]
    models: tuple[ModelRow, ...]
    clustering: Clustering
    left_out: Mapping[str, str]
    relevant_loss: float
    tradeoff: tuple[TradeoffRow, ...]
    front: tuple[str, ...]
    num_validation: int
    num_test: int
    figure: Markup


def build(inputs: ReportInputs) -> ConversionSection:
    """Return what the section shows."""
    results, rows = inputs.results, tradeoff_rows(inputs)
    return ConversionSection(
        result=results.convert,
        class_names=inputs.class_names,
        models=tuple(model_rows(inputs)),
        clustering=results.quantize.clustering,
        left_out=results.quantize.left_out,
        relevant_loss=inputs.relevant_loss,
        tradeoff=rows,
        front=front_of(rows),
        num_validation=inputs.tradeoff.num_images,
        num_test=results.evaluate.num_images,
        figure=_tradeoff_figure(inputs, rows),
    )


def tradeoff_rows(inputs: ReportInputs) -> tuple[TradeoffRow, ...]:
    """Return all files, the smallest first."""
    tested = {
        name: Estimate(variant.accuracy, *variant.accuracy_interval)
        for name, variant in inputs.results.evaluate.variants.items()
    }
    return tuple(
        TradeoffRow(name, file, tested.get(name)) for name, file in inputs.tradeoff.files.items()
    )


def front_of(rows: tuple[TradeoffRow, ...]) -> tuple[str, ...]:
    """Return the names of the files on the Pareto front, the smallest first."""
    return tuple(row.name for row in rows if row.file.standing == "frontier")


def _tradeoff_figure(inputs: ReportInputs, rows: tuple[TradeoffRow, ...]) -> Markup:
    description = (
        f"Accuracy and bytes of {len(rows)} .tflite files, with intervals. On the Pareto front, the "
        f"smallest first: {', '.join(front_of(rows))}. The table has the numbers."
    )
    tested = {row.name: row.tested for row in rows if row.tested is not None}
    limit = next((check.limit for check in inputs.limits if check.name == "max_tflite_bytes"), None)
    return drawing.drawn(
        "tradeoff", description, draw_tradeoff, inputs.tradeoff, tested, inputs.final, limit
    )


def model_rows(inputs: ReportInputs) -> Iterable[ModelRow]:
    """Yield each model that is converted with its int8 file."""
    files, lines = inputs.results.convert.files, inputs.results.prune.ablation
    for name, line in (("tuned", lines["winner"]), ("pruned", lines["pruned_with_dropout"])):
        score, file = line.validation, files.get(f"{name}-int8")
        yield ModelRow(name, line.label, score.accuracy, score.balance, None, file)
    for name, variant in inputs.results.quantize.variants.items():
        score, file = variant.validation, files.get(f"{name}-int8")
        change = score.accuracy - variant.parent_validation.accuracy
        yield ModelRow(name, variant.label, score.accuracy, score.balance, change, file)


SECTION = Section("conversion", "Conversion", build)
