"""The results table of the README, written from the recorded results and checked against them."""

from collections.abc import Mapping
from typing import Any

from litesmith.documents.formats import count, milliseconds, percent
from litesmith.errors import ContractError

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"

_PACKAGES = (
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "optuna",
    "numpy",
)
_HEAD = ("variant", "accuracy, %", "95 % interval", "bytes", "gzip bytes", "median latency, ms")


def results_block(
    evaluate: Mapping[str, Any], latency: Mapping[str, Any], made: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return the table as Markdown, with the host and the package versions below it, between the two markers.

    Args:
        evaluate: The results of the evaluation.
        latency: What the evaluation measured of time.
        made: How each step's outputs were made, by step.
    """
    timed, final = latency["variants"], evaluate["final"]
    rows = [
        _row(name, variant, timed.get(name), name == final)
        for name, variant in evaluate["variants"].items()
    ]
    rule = ["---", *["---:"] * (len(_HEAD) - 1)]
    table = "\n".join(f"| {' | '.join(cells)} |" for cells in (_HEAD, rule, *rows))
    return f"{BEGIN}\n{table}\n\n{_below(evaluate, latency, made)}\n{END}"


def missing_block() -> str:
    """Return what stands between the markers before the first full run."""
    return f"{BEGIN}\nNo full run is recorded yet: `make run` makes one.\n{END}"


def with_block(text: str, block: str) -> str:
    """Return ``text`` with what stands between the markers, and they, replaced by ``block``.

    Raises:
        ContractError: The markers are not there, each once and in order.
    """
    if text.count(BEGIN) != 1 or text.count(END) != 1 or text.index(BEGIN) > text.index(END):
        raise ContractError(
            f"the README must hold the lines {BEGIN} and {END}, each once and in this order. Add them."
        )
    return text[: text.index(BEGIN)] + block + text[text.index(END) + len(END) :]


def check_block(text: str, block: str) -> None:
    """Compare the table in a README with the one that the recorded results give.

    Raises:
        ContractError: The markers are missing, or the table is another one.
    """
    if with_block(text, block) != text:
        raise ContractError(
            "the README's results table is not what reports/ holds. Run `make readme` and commit it."
        )


def _row(
    name: str, variant: Mapping[str, Any], timed: Mapping[str, float] | None, chosen: bool
) -> list[str]:
    low, high = variant["accuracy_interval"]
    cells = [
        name.replace("|", "\\|"),
        percent(variant["accuracy"]),
        f"{percent(low)} to {percent(high)}",
        count(variant["bytes"]),
        count(variant["gzip_bytes"]),
        milliseconds(timed["median_ms"]) if timed else "",
    ]
    return [f"**{cell}**" if cell else "" for cell in cells] if chosen else cells


def _below(
    evaluate: Mapping[str, Any], latency: Mapping[str, Any], made: Mapping[str, Mapping[str, Any]]
) -> str:
    """Return what the numbers were measured on and with."""
    host = latency["host"]
    versions = {
        package: version for record in made.values() for package, version in record["versions"].items()
    }
    named = ", ".join(f"{package} {versions[package]}" for package in _PACKAGES if package in versions)
    machine = f"{host['cpu']}, {host['cores']} cores, {host['system']}, Python {host['python']}"
    return (
        f"Test split of {count(evaluate['num_images'])} images; every .tflite file was measured by running it. "
        f"Bold: final.tflite. Latency of one image on {latency['num_threads']} thread: {machine}. {named}."
    )
