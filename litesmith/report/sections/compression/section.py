"""Compression: every variant, the ablation, sparsity layer by layer, the conversion."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from markupsafe import Markup

from litesmith.analysis.flips import find_flips
from litesmith.analysis.intervals import CONFIDENCE, Estimate, wilson
from litesmith.report import drawing
from litesmith.report.drawing import Captioned
from litesmith.report.inputs import Predictions, Records, ReportInputs
from litesmith.report.records import Absent, first_absent, plain
from litesmith.report.sections.compression import figures as plots
from litesmith.report.sections.headline.section import accuracy_cell
from litesmith.report.sections.provenance.section import host_words

QUANTIZED = "pruned-int8"


@dataclass(frozen=True)
class AblationRow:
    """One line of the ablation, and its validation accuracy minus the winner's."""

    record: Any
    change: Any


@dataclass(frozen=True)
class SparsityRow:
    """One layer as pruning recorded it, and the share of zeros left in the int8 file made of it."""

    record: Any
    quantized: Any


@dataclass(frozen=True)
class QuantizedRow:
    """A model and its int8 file on validation: what it was made of, and what each of the two steps changed.

    Attributes:
        name: Of the model.
        label: What was done, in words.
        accuracy: Of the Keras model, 0 to 1.
        change: Of that against the model it began with; None where it began with nothing.
        file: Record of the int8 file.
        lost: Accuracy of the file minus that of the Keras model.
    """

    name: str
    label: Any
    accuracy: Any
    change: Any
    file: Any
    lost: Any


def shown(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    variants = records["evaluate"]["variants"]
    sparsity = sparsity_rows(records)
    return {
        "accuracy": accuracy,
        "loss": loss,
        "no_loss": no_loss(variants),
        "agreements": agreements(inputs.predictions, variants),
        "file_figure": _file_figure(file_facts(records)),
        "ablation": ablation(records),
        "ablation_figure": _ablation_figure(records),
        "sparsity": sparsity,
        "sparsity_figure": _sparsity_figure(sparsity),
        "quantized": quantized_rows(records),
        "refused": plain(records["convert"].optional("refused"), {}),
        "latency_host": host_words(records.latency["host"]),
    }


def numbers(records: Records, inputs: ReportInputs) -> dict[str, Any]:
    """Return what was worked out here as plain data."""
    found = agreements(inputs.predictions, records["evaluate"]["variants"])
    return {"agreements": {name: plain(share, None) for name, share in found.items()}}


def accuracy(variant: Any) -> Any:
    """Return a variant's accuracy in percent with its 95 % interval, and absent what of them is."""
    cell = accuracy_cell(variant)
    return f"{cell.value} ({cell.detail})" if cell.detail else cell.value


def loss(variant: Any) -> Any:
    """Return a variant's loss in nats, or None where its kind has none and the reason is recorded."""
    return variant.optional("loss") if variant.optional("loss_reason") else variant["loss"]


def no_loss(variants: Any) -> dict[str, str]:
    """Return each reason for which precisions have no loss, with their names."""
    pairs = [
        (v.optional("loss_reason"), v.optional("precision") or name) for name, v in variants.items()
    ]
    reasons = dict.fromkeys(reason for reason, _ in pairs if reason)
    return {
        str(reason): " and ".join(
            dict.fromkeys(str(precision) for why, precision in pairs if why == reason)
        )
        for reason in reasons
    }


def agreements(predictions: Predictions, variants: Any) -> dict[str, Any]:
    """Return for each file the share of test images on which it answers as the Keras model it was made of.

    The Keras models themselves have no parent, and None.
    """
    return {name: _agreement(predictions, name, variant) for name, variant in variants.items()}


def _agreement(predictions: Predictions, name: str, variant: Any) -> Any:
    model, kind = variant["model"], variant["format"]
    missing = first_absent(model, kind)
    if missing is not None or kind == "keras":
        return missing
    before, after = predictions.predicted.get(f"{model}-keras"), predictions.predicted.get(name)
    if before is None or after is None:
        return Absent(f"the predictions hold no {name if after is None else f'{model}-keras'}")
    return find_flips(predictions.labels, before, after).agreement


def ablation(records: Records) -> list[AblationRow]:
    """Return the lines of the ablation, each with its change against the winner as it is."""
    lines = records["prune"]["ablation"]
    reference = lines["winner"]["validation"]["accuracy"]
    return [
        AblationRow(line, _minus(line["validation"]["accuracy"], reference)) for _, line in lines.items()
    ]


def sparsity_rows(records: Records) -> list[SparsityRow]:
    """Return every layer of the pruned model with the share of zeros in its int8 file, matched by name."""
    file = records["convert"]["files"][QUANTIZED]["sparsity"]["layers"]
    left = {layer["name"]: layer["sparsity"] for layer in file}
    missing = Absent(f"the file {QUANTIZED} recorded no layer of that name")
    return [SparsityRow(layer, left.get(layer["name"], missing)) for layer in records["prune"]["layers"]]


def quantized_rows(records: Records) -> list[QuantizedRow]:
    """Return the winner and the pruned model, and what was fine-tuned for conversion, each with its int8 file."""
    lines = records["prune"]["ablation"]
    plainly = {"tuned": lines["winner"], "pruned": lines["pruned_with_dropout"]}
    rows = [
        _quantized(records, name, line["label"], line["validation"]["accuracy"])
        for name, line in plainly.items()
    ]
    for name, one in records["quantize"]["variants"].items():
        parent = one["parent_validation"]["accuracy"]
        rows.append(_quantized(records, name, one["label"], one["validation"]["accuracy"], parent))
    return rows


def _quantized(
    records: Records, name: str, label: Any, accuracy: Any, parent: Any = None
) -> QuantizedRow:
    file = records["convert"]["files"][f"{name}-int8"]
    change = None if parent is None else _minus(accuracy, parent)
    return QuantizedRow(
        name, label, accuracy, change, file, _minus(file["validation_accuracy"], accuracy)
    )


def _minus(value: Any, before: Any) -> Any:
    """Return the difference, or what of the two is absent."""
    missing = first_absent(value, before)
    return missing if missing is not None else value - before


def file_facts(records: Records) -> list[plots.FileFacts]:
    """Return what is recorded of every ``.tflite`` file."""
    variants = records["evaluate"]["variants"]
    return [
        plots.FileFacts(
            name,
            final=name == records.final,
            accuracy=_estimate(variant),
            raw_bytes=plain(variant["bytes"], None),
            gzip_bytes=plain(variant["gzip_bytes"], None),
            latency_ms=_latency(records.latency["variants"][name]),
        )
        for name, variant in variants.items()
        if plain(variant["format"], "") != "keras"
    ]


def _estimate(variant: Any) -> Estimate | None:
    ends = variant["accuracy"], variant["accuracy_interval"][0], variant["accuracy_interval"][1]
    return None if first_absent(*ends) is not None else Estimate(*ends)


def _latency(timed: Any) -> tuple[float, float, float] | None:
    times = timed["median_ms"], timed["p90_ms"], timed["p99_ms"]
    return None if first_absent(*times) is not None else times


def _file_figure(facts: Sequence[plots.FileFacts]) -> Captioned:
    if not facts:
        return Captioned(Absent("no .tflite file was evaluated"))
    lacks = plots.unknown(facts)
    if len(lacks) == 3:
        return Captioned(Absent("no .tflite file recorded accuracy, bytes or latency"))
    shown = ", ".join(name for name in ("accuracy", "bytes", "latency") if name not in lacks)
    description = f"Of {len(facts)} .tflite files: {shown}. The table has the numbers."
    return Captioned(
        drawing.drawn("files", description, plots.draw_files, facts), drawing.unrecorded(lacks).strip()
    )


def _ablation_figure(records: Records) -> Markup | Absent:
    num_images = records["prepare"]["splits"]["validation"]["num_images"]
    lines = [
        (line["label"], line["validation"]["accuracy"])
        for _, line in records["prune"]["ablation"].items()
    ]
    missing = first_absent(num_images, *(value for line in lines for value in line))
    if missing is not None or not lines:
        return missing or Absent("no ablation is recorded")
    rows = [plots.Named(label, _of_share(share, num_images)) for label, share in lines]
    words = "; ".join(f"{row.name} {100 * row.accuracy.value:.2f} %" for row in rows)
    description = f"Validation accuracy with its {100 * CONFIDENCE:g} % interval: {words}."
    return drawing.drawn("ablation", description, plots.draw_ablation, rows)


def _of_share(share: float, num_images: int) -> Estimate:
    found = wilson(round(share * num_images), num_images, CONFIDENCE)
    return Estimate(share, share, share) if found is None else found


def _sparsity_figure(rows: Sequence[SparsityRow]) -> Captioned:
    layers = [
        plots.LayerSparsity(
            str(row.record["name"]),
            *(plain(one, None) for one in (row.record["asked"], row.record["reached"], row.quantized)),
        )
        for row in rows
    ]
    columns = {
        "what was asked": [one.asked for one in layers],
        "what was reached": [one.reached for one in layers],
        f"what is left in {QUANTIZED}": [one.quantized for one in layers],
    }
    lacks = [name for name, values in columns.items() if all(value is None for value in values)]
    if not layers or len(lacks) == len(columns):
        return Captioned(
            Absent(f"no {'sparsity of a ' if layers else ''}layer of the pruned model is recorded")
        )
    words = "; ".join(
        f"{one.name} {100 * one.quantized:.0f} %" for one in layers if one.quantized is not None
    )
    description = f"Share of zero weights in each layer: asked, reached, and in {QUANTIZED}: {words}."
    figure = drawing.drawn("sparsity", description, plots.draw_sparsity, layers)
    return Captioned(figure, drawing.unrecorded(lacks).strip())
