"""Compression: every variant, the ablation, the conversion."""

from dataclasses import dataclass
from typing import Any

from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.provenance import host_words
from litesmith.report.records import first_absent
from litesmith.report.tables import accuracy_cell


@dataclass(frozen=True)
class AblationRow:
    """One line of the ablation, and its validation accuracy minus the winner's."""

    record: Any
    change: Any


def shown(records: Records, _inputs: ReportInputs) -> dict[str, Any]:
    """Return what the section shows besides what was recorded."""
    return {
        "accuracy": accuracy,
        "loss": loss,
        "no_loss": no_loss(records["evaluate"]["variants"]),
        "ablation": ablation(records),
        "latency_host": host_words(records.latency["host"]),
    }


def accuracy(variant: Any) -> Any:
    """Return a variant's accuracy in percent with its 95 % interval, and absent what of them is."""
    cell = accuracy_cell(variant)
    return f"{cell.value} ({cell.detail})" if cell.detail else cell.value


def loss(variant: Any) -> Any:
    """Return a variant's loss in nats, or None where its kind has none and the reason is recorded."""
    return variant.optional("loss") if variant.optional("loss_reason") else variant["loss"]


def no_loss(variants: Any) -> dict[str, str]:
    """Return for each precision that has no loss the reason."""
    reasons = ((variant.optional("precision"), variant.optional("loss_reason")) for _, variant in variants.items())
    return {str(precision): str(reason) for precision, reason in reasons if reason}


def ablation(records: Records) -> list[AblationRow]:
    """Return the lines of the ablation, each with its change against the winner as it is."""
    lines = records["prune"]["ablation"]
    reference = lines["winner"]["validation"]["accuracy"]
    return [
        AblationRow(line, missing if missing is not None else line["validation"]["accuracy"] - reference)
        for _, line in lines.items()
        for missing in [first_absent(line["validation"]["accuracy"], reference)]
    ]
