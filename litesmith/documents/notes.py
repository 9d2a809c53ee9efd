"""The notes on optimization: eight questions, answered with the figures that the last run recorded."""

import math
import re
import statistics
import textwrap
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from litesmith.documents.formats import FILTERS, signed, times
from litesmith.errors import ContractError

_WIDTH = 118
_RATIO = 0.02  # two sizes or times closer than this are called the same


@dataclass(frozen=True)
class Evidence:
    """What the steps recorded, read from JSON.

    Args:
        results: The whole result of each step, by step; of the sweep's timing under ``sweep-timing``.
        latency: What the evaluation measured of time.
        made: How each step's outputs were made, by step.
        limits: What the device can take, by name.
        space: What the sweep chose from, by name.
        image: Height and width in pixels, and the number of classes.
    """

    results: Mapping[str, Any]
    latency: Mapping[str, Any]
    made: Mapping[str, Any]
    limits: Mapping[str, int]
    space: Mapping[str, Any]
    image: tuple[int, int, int]


def render_notes(evidence: Evidence) -> str:
    """Return the notes as Markdown.

    Raises:
        ContractError: A figure that the notes quote is not recorded; the text names it.
    """
    # Not at the door: every step's process comes past here on its way to the command line.
    import jinja2

    environment = jinja2.Environment(
        loader=jinja2.PackageLoader("litesmith.documents", ""),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=jinja2.StrictUndefined,
    )
    environment.filters.update(FILTERS, times=times, signed=signed)
    try:
        figures = {name: work_out(evidence) for name, work_out in _FIGURES.items()}
        return _filled(environment.get_template("notes.md.j2").render(**figures, **_recorded(evidence)))
    except (jinja2.UndefinedError, LookupError, TypeError, ValueError, ZeroDivisionError) as error:
        raise ContractError(
            f"a figure that the notes quote is not recorded: {error}. Run `dvc repro` to record it, or correct "
            "litesmith/documents/notes.md.j2."
        ) from error


def noise(accuracy: float, num_images: int) -> float:
    """Return two standard errors of an accuracy measured on so many images, as a fraction.

    Source: the normal approximation to the binomial distribution, sqrt(p (1 - p) / n).
    """
    return 2 * math.sqrt(accuracy * (1 - accuracy) / num_images)


def ladder(evidence: Evidence) -> dict[str, Any]:
    """Return what the trials of the sweep spread over and cost.

    The spread is that of one rung alone: trials of another rung were trained on other images, or more of them. Trials
    that diverged have no accuracy worth the name and are left out.
    """
    sweep = evidence.results["sweep"]
    trials = [trial for trial in sweep["trials"] if trial["rungs"] and trial["state"] != "diverged"]
    num_images = evidence.results["prepare"]["splits"]["validation"]["num_images"]
    first, last = (
        [one["rungs"][at] for one in trials if _reached(one, rung)] for at, rung in _ends(trials)
    )
    timed = evidence.results["sweep-timing"]["trials"]
    return {
        "num_tried": len(trials),
        "num_infeasible": sum(one["state"] == "infeasible" for one in sweep["trials"]),
        "num_diverged": sum(one["state"] == "diverged" for one in sweep["trials"]),
        "num_rungs": 1 + max(one["rungs"][-1]["rung"] for one in trials),
        "first": _spread([one["accuracy"] for one in first]) | {"num_rows": first[0]["num_rows"]},
        "last": _spread([one["accuracy"] for one in last]) | {"num_rows": last[0]["num_rows"]},
        "epochs": first[0]["epochs"],
        "noise": noise(statistics.median(one["accuracy"] for one in first), num_images),
        "num_images": num_images,
        "cpu_s": sum(one["cpu_s"] for one in timed),
        "first_cpu_s": statistics.median(one["cpu_s"] for one in timed if one["rung"] == 0),
        "bytes": [
            min(one["tflite_bytes"] for one in trials),
            max(one["tflite_bytes"] for one in trials),
        ],
        "macs": [min(one["macs"] for one in trials), max(one["macs"] for one in trials)],
    }


def conversion(evidence: Evidence) -> dict[str, Any]:
    """Return what converting did to the files: how many there are, their checks, and the one least like its model."""
    files = evidence.results["convert"]["files"]
    checks = [check for file in files.values() for check in file["checks"]]
    worst = min(files, key=lambda name: files[name]["agreement_with_keras"])
    return {
        "num_files": len(files),
        "num_models": len({file["model"] for file in files.values()}),
        "num_checks": len(checks),
        "num_failed": sum(not check["passed"] for check in checks),
        "refused": list(evidence.results["convert"]["refused"]),
        "worst": worst,
        "worst_agreement": files[worst]["agreement_with_keras"],
        "num_rules": len(evidence.results["validate"]["rules"]),
    }


def speed(evidence: Evidence) -> dict[str, Any]:
    """Return how fast files of the tuned network run on the host that measured them."""
    timed = evidence.latency["variants"]
    macs = evidence.results["sweep"]["winner"]["macs"]
    float_ms, int8_ms = timed["tuned-float32"]["median_ms"], timed["tuned-int8"]["median_ms"]
    final = timed[evidence.results["evaluate"]["final"]]
    return {
        "float_ms": float_ms,
        "int8_ms": int8_ms,
        "int8_against_float": float_ms / int8_ms,
        "macs_per_s": macs / (float_ms / 1000),
        "tail": final["p99_ms"] / final["median_ms"],
        "dense_against_pruned": int8_ms / timed["pruned-int8"]["median_ms"],
    }


def transformer(evidence: Evidence) -> dict[str, Any]:
    """Return what a small vision transformer for these images would take, worked out and not measured.

    Source: the plain ViT, https://arxiv.org/abs/2010.11929, section 3.1, without biases and norms.
    """
    height, width, num_classes = evidence.image
    patch, channels, blocks = 4, 64, 4
    tokens = (height // patch) * (width // patch) + 1
    weights, macs = transformer_cost(tokens, patch * patch, channels, blocks, num_classes)
    return {
        "patch": patch,
        "channels": channels,
        "blocks": blocks,
        "tokens": tokens,
        "weights": weights,
        "macs": macs,
        "attention_share": 2 * blocks * tokens**2 * channels / macs,
    }


def transformer_cost(
    tokens: int, patch_values: int, channels: int, blocks: int, num_classes: int
) -> tuple[int, int]:
    """Return weights and multiply-accumulates of a vision transformer whose blocks widen by four.

    A block has 4 c^2 weights for queries, keys, values and the way out, and 8 c^2 for its two dense layers. Every token
    is multiplied with each weight; scores and their use cost t^2 c each.
    """
    block = 12 * channels**2
    embedding, head = patch_values * channels + tokens * channels, channels * num_classes
    weights = embedding + blocks * block + head
    macs = (
        (tokens - 1) * patch_values * channels
        + blocks * (tokens * block + 2 * tokens**2 * channels)
        + head
    )
    return weights, macs


_FIGURES = {"ladder": ladder, "conversion": conversion, "speed": speed, "transformer": transformer}


def _filled(text: str) -> str:
    """Break the paragraphs of a Markdown text anew, since figures differ in length; leave tables, heads and lists."""
    blocks = [block.strip("\n") for block in text.split("\n\n") if block.strip()]
    return "\n\n".join(_fill(one) if one[0].isalpha() else one for one in blocks) + "\n"


def _fill(paragraph: str) -> str:
    words = re.sub(r"[ \n]+", " ", paragraph)
    return textwrap.fill(words, _WIDTH, break_on_hyphens=False, break_long_words=False)


def _recorded(evidence: Evidence) -> dict[str, Any]:
    """Return what the notes quote as it was recorded."""
    results = evidence.results
    return {
        "baseline": results["baseline"],
        "sweep": results["sweep"],
        "ablation": results["prune"]["ablation"],
        "prune": results["prune"],
        "convert": results["convert"],
        "variants": results["evaluate"]["variants"],
        "final": results["evaluate"]["final"],
        **_device(results["evaluate"].get("device") or {}, results["evaluate"]["final"]),
        "num_test": results["evaluate"]["num_images"],
        "num_train": results["prepare"]["splits"]["train"]["num_images"],
        "latency": evidence.latency,
        "made": evidence.made,
        "limits": evidence.limits,
        "space": evidence.space,
        "noise": noise,
        "same": lambda one, other: abs(one / other - 1) < _RATIO,
    }


def _device(device: Mapping[str, Any], final: str) -> dict[str, Any]:
    """Return what the final file needs of a microcontroller, and what an NPU would take; None where not measured."""
    mcu, npu = device.get("mcu") or {}, device.get("npu") or {}
    arena = (mcu.get("files") or {}).get(final, {}).get("arena_bytes")
    return {"arena": arena, "npu": npu if npu.get("files") else None}


def _ends(trials: Sequence[Mapping[str, Any]]) -> list[tuple[int, int]]:
    """Return index and number of the first rung, and of the last one that any trial reached."""
    return [(0, 0), (-1, max(one["rungs"][-1]["rung"] for one in trials))]


def _reached(trial: Mapping[str, Any], rung: int) -> bool:
    return any(one["rung"] == rung for one in trial["rungs"])


def _spread(accuracies: Sequence[float]) -> dict[str, Any]:
    return {"num": len(accuracies), "low": min(accuracies), "high": max(accuracies)}
