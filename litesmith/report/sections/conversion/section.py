"""Conversion: models and their int8 files, the candidates, and the checks of every file."""

from collections.abc import Mapping
from dataclasses import dataclass

from litesmith.params.sections.quantize import Clustering
from litesmith.records.convert import ConvertedFile, FinalChoice
from litesmith.report.inputs import ReportInputs
from litesmith.report.section import Section


@dataclass(frozen=True)
class ModelRow:
    """A model and its int8 file on validation.

    Attributes:
        name: Of the model.
        label: What was done, in words.
        accuracy: Of the Keras model, 0 to 1.
        change: Of that against the model it began with; None where it began with nothing.
        file: The int8 file, None if it was refused.
    """

    name: str
    label: str
    accuracy: float
    change: float | None
    file: ConvertedFile | None


@dataclass(frozen=True)
class ConversionSection:
    """What the section shows.

    Attributes:
        choice: Of the final file.
        models: The models and their int8 files.
        clustering: How weights came to share values.
        refused: Why a file is not there, by name.
        files: Every file.
    """

    choice: FinalChoice
    models: tuple[ModelRow, ...]
    clustering: Clustering
    refused: Mapping[str, str]
    files: Mapping[str, ConvertedFile]


def build(inputs: ReportInputs) -> ConversionSection:
    """Return what the section shows."""
    converted, tuned = inputs.results.convert, inputs.results.quantize
    return ConversionSection(
        converted.final, model_rows(inputs), tuned.clustering, converted.refused, converted.files
    )


def model_rows(inputs: ReportInputs) -> tuple[ModelRow, ...]:
    """Return each model that is converted with its int8 file."""
    files, lines = inputs.results.convert.files, inputs.results.prune.ablation
    plain = {"tuned": lines["winner"], "pruned": lines["pruned_with_dropout"]}
    rows = [
        ModelRow(name, line.label, line.validation.accuracy, None, files.get(f"{name}-int8"))
        for name, line in plain.items()
    ]
    for name, variant in inputs.results.quantize.variants.items():
        accuracy = variant.validation.accuracy
        change = accuracy - variant.parent_validation.accuracy
        rows.append(ModelRow(name, variant.label, accuracy, change, files.get(f"{name}-int8")))
    return tuple(rows)


SECTION = Section("conversion", "Conversion", build)
