"""Conversion: models and their int8 files, the candidates, and the checks of every file."""

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

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
    change: float | None
    file: ConvertedFile | None


@dataclass(frozen=True)
class ConversionSection:
    """What the section shows."""

    result: ConvertResult
    models: tuple[ModelRow, ...]
    clustering: Clustering
    left_out: Mapping[str, str]


def build(inputs: ReportInputs) -> ConversionSection:
    """Return what the section shows."""
    convert, quantize = inputs.results.convert, inputs.results.quantize
    models = tuple(model_rows(inputs))
    return ConversionSection(convert, models, quantize.clustering, quantize.left_out)


def model_rows(inputs: ReportInputs) -> Iterable[ModelRow]:
    """Yield each model that is converted with its int8 file."""
    files, lines = inputs.results.convert.files, inputs.results.prune.ablation
    for name, line in (("tuned", lines["winner"]), ("pruned", lines["pruned_with_dropout"])):
        yield ModelRow(name, line.label, line.validation.accuracy, None, files.get(f"{name}-int8"))
    for name, variant in inputs.results.quantize.variants.items():
        accuracy = variant.validation.accuracy
        change = accuracy - variant.parent_validation.accuracy
        yield ModelRow(name, variant.label, accuracy, change, files.get(f"{name}-int8"))


SECTION = Section("conversion", "Conversion", build)
