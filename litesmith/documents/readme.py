"""The results table of the README."""

import re
from collections.abc import Mapping

from litesmith.documents.formats import count, milliseconds, percent
from litesmith.errors import ContractError
from litesmith.records.device import FileLatency, LatencyResult
from litesmith.records.evaluate import EvaluateResult, Variant
from litesmith.records.provenance import Provenance

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"

# What would end a cell of the table or its emphasis.
_SPECIAL = re.compile(r"[|*\\`<>]")
_PACKAGES = [
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "optuna",
    "numpy",
]
_HEAD = (
    "variant",
    "accuracy, %",
    "95 % interval",
    "balanced, %",
    "worst class, %",
    "bytes",
    "gzip bytes",
    "median latency, ms",
)


def results_block(
    evaluate: EvaluateResult, latency: LatencyResult, provenance: Mapping[str, Provenance]
) -> str:
    """Return the table between the markers, with host and versions below."""
    from tabulate import tabulate

    rows = [
        _row(name, variant, latency.variants.get(name), final=name == evaluate.final)
        for name, variant in evaluate.variants.items()
    ]
    alignment = ("left", *["right"] * (len(_HEAD) - 1))
    table = tabulate(rows, _HEAD, tablefmt="pipe", colalign=alignment, disable_numparse=True)
    return f"{BEGIN}\n{table}\n\n{_below(evaluate, latency, provenance)}\n{END}"


def missing_block() -> str:
    """Return the markers and the text between them before the first full run."""
    return f"{BEGIN}\nNo full run is recorded yet: `make run` starts one.\n{END}"


def with_block(text: str, block: str) -> str:
    """Return ``text`` with ``block`` in the place of the marked part.

    Raises:
        ContractError: The markers are not there, each once and in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ContractError(
            f"the README must hold the lines {BEGIN} and {END}, each once and in this order. Add them."
        )
    return text[: text.index(BEGIN)] + block + text[text.index(END) + len(END) :]


def _row(name: str, variant: Variant, timed: FileLatency | None, *, final: bool) -> list[str]:
    (low, high), balance = variant.accuracy_interval, variant.balance
    cells = [
        name,
        percent(variant.accuracy),
        f"{percent(low)} to {percent(high)}",
        percent(balance.accuracy.value),
        f"{percent(balance.worst.recall.value, 1)} {_SPECIAL.sub(' ', variant.worst_name)}",
        count(variant.bytes),
        count(variant.gzip_bytes),
        milliseconds(timed.median_ms) if timed else "",
    ]
    return [f"**{cell}**" for cell in cells] if final else cells


def _below(
    evaluate: EvaluateResult, latency: LatencyResult, provenance: Mapping[str, Provenance]
) -> str:
    """Return a paragraph on the host and the packages of the measurements."""
    host = latency.host
    versions = {name: version for step in provenance.values() for name, version in step.versions.items()}
    packages = ", ".join(f"{name} {versions[name]}" for name in _PACKAGES if name in versions)
    machine = f"{host.cpu}, {host.cores} cores, {host.system}, Python {host.python}"
    return (
        f"Test split of {count(evaluate.num_images)} images; every .tflite file was measured by running"
        f" it. Balanced: mean of the classes' recalls. Worst class: recall of the class that is found"
        f" least often. Bold: final.tflite. Latency of one image on {latency.num_threads} thread:"
        f" {machine}. {packages}."
    )
