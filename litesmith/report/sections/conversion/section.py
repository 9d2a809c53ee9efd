"""Conversion: models and their int8 files, the candidates, and the checks of every file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from litesmith.analysis.balance import Balance
from litesmith.params.sections.quantize import Clustering
from litesmith.records.convert import ConvertedFile, ConvertResult
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section


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
class ConversionSection:
    """What the section shows."""

    result: ConvertResult
    class_names: tuple[str, ...]
    models: tuple[ModelRow, ...]
    clustering: Clustering
    left_out: Mapping[str, str]
    relevant_loss: float


def build(inputs: ReportInputs) -> ConversionSection:
    """Return what the section shows."""
    results = inputs.results
    return ConversionSection(
        result=results.convert,
        class_names=inputs.class_names,
        models=tuple(model_rows(inputs)),
        clustering=results.quantize.clustering,
        left_out=results.quantize.left_out,
        relevant_loss=inputs.relevant_loss,
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
