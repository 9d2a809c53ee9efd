"""The model card: what a stranger has to know of the file before using it, by the conventions of Hugging Face.

Source: Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, and https://huggingface.co/docs/hub/model-cards.
"""

import re
from functools import cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from litesmith.documents.formats import FILTERS, percent
from litesmith.files import yaml_text
from litesmith.report.inputs import Records
from litesmith.report.records import Absent, first_absent, plain
from litesmith.report.sections.provenance.section import host_words, seed, versions

_FOLDER = Path(__file__).parent

# What Markdown or the HTML in it could take for more than text.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")


# What each split is for.
_USES = {
    "train": "fitting weights and calibrating the quantization",
    "validation": "choosing hyperparameters and files",
    "gate": "nothing: held back, no step of the pipeline reads it",
    "test": "the results below, and nothing else",
}


def render(records: Records, content: dict[str, Any]) -> str:
    """Return the card as Markdown with YAML front matter.

    Args:
        records: What was recorded.
        content: The summary of the report.
    """
    template = _environment().get_template("model-card.md.j2")
    written = template.render(
        front=front_matter(content),
        records=records,
        summary=content,
        final=records.final,
        limits=limits(records),
        variants_made=[Ready(sentence) for sentence in variants_made(records)],
        uses=_USES,
        quantized=_quantized,
        interval=_interval,
        host=host_words(records.latency["host"]),
        cpu_s=_cpu_seconds(records),
        seed=seed(records.made),
        versions=dict(versions(records.made)),
    )
    return re.sub(r"\n{3,}", "\n\n", written).strip() + "\n"


def limits(records: Records) -> list[str]:
    """Return in sentences what the numbers say of where the file is weak."""
    variant = records["evaluate"]["variants"][records.final]
    found = [(one["recall"], one["name"]) for one in variant["per_class"]]
    known = [(recall, name) for recall, name in found if first_absent(recall, name) is None]
    said = []
    if known:
        recall, name = min(known, key=lambda one: one[0])
        said.append(f"The class it finds least often is {name}: {percent(recall, 1)} % of its images.")
    if reason := variant.optional("loss_reason"):
        said.append(f"Its probabilities are coarse, so no loss is given: {reason}.")
    return said


def variants_made(records: Records) -> list[str]:
    """Return in sentences how each model that was made for conversion came about."""
    variants = records["quantize"]["variants"].items()
    return [f"{text(name)}: {text(variant['description'])}." for name, variant in variants]


def _quantized(end: Any) -> str:
    """Say how an input or output of a file stands for real numbers, nothing where it holds them as they are."""
    scale, zero_point = end.optional("scale"), end.optional("zero_point") or 0
    if not scale:
        return ""
    sign = "+" if zero_point < 0 else "\u2212"
    return f", real value = {scale:.6g} \u00d7 (value {sign} {abs(zero_point)})"


def _interval(side: dict[str, Any]) -> str | None:
    ends = side["accuracy_interval"] or [None]
    return None if None in ends else f"{percent(ends[0])} to {percent(ends[-1])}"


def _cpu_seconds(records: Records) -> Any:
    spent = [record["cpu_s"] for record in records.made.values()]
    missing = first_absent(*spent)
    return missing if missing is not None else sum(spent)


def front_matter(content: dict[str, Any]) -> str:
    """Return the card's YAML: license, library, task, data set and the results that an index of models shows."""
    dataset = content["dataset"]
    name = str(dataset.get("name") or "not recorded")
    tags = ["image-classification", "tflite", "litert", "edge", "quantization", "pruning"]
    fields: dict[str, Any] = {
        "license": "mit",
        "library_name": "litert",
        "pipeline_tag": "image-classification",
        "tags": tags + (["drawn-images"] if dataset.get("drawn") else []),
    }
    if name == "Fashion-MNIST" and not dataset.get("drawn"):
        fields["datasets"] = ["zalando-datasets/fashion_mnist"]
    return yaml_text({**fields, "metrics": ["accuracy"], "model-index": [_index(content, name)]}).strip()


def _index(content: dict[str, Any], dataset: str) -> dict[str, Any]:
    optimized = content["headline"]["optimized"]
    found = [("accuracy", "accuracy on the test split", optimized["accuracy"])]
    found.append(("size", "bytes of the .tflite file", optimized["tflite_bytes"]))
    return {
        "name": f"litesmith {content['final'] or 'model'}",
        "results": [
            {
                "task": {"type": "image-classification", "name": "Image classification"},
                "dataset": {"type": _slug(dataset), "name": dataset, "split": "test"},
                "metrics": [
                    {"type": kind, "name": name, "value": value}
                    for kind, name, value in found
                    if value is not None
                ],
            }
        ],
    }


def _slug(name: str) -> str:
    """Return a name as an identifier: ``Fashion-MNIST`` as ``fashion-mnist``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"


def text(value: Any) -> str:
    """Write a value so that Markdown takes it for text and nothing else, on one line."""
    if isinstance(value, Absent) or value is None:
        return "not recorded"
    return _SPECIAL.sub(r"\\\1", " ".join(str(plain(value, "")).splitlines()))


@cache
def _environment() -> Environment:
    # Not HTML: `finalize` escapes every value for Markdown instead.
    environment = Environment(
        loader=FileSystemLoader(_FOLDER),
        autoescape=False,
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
        finalize=_finalize,
    )
    environment.filters.update(FILTERS)
    environment.filters["markdown"] = Ready
    environment.tests["absent"] = lambda value: isinstance(value, Absent)
    return environment


class Ready(str):
    """Text that is Markdown already."""


def _finalize(value: Any) -> Any:
    return value if isinstance(value, Ready) else text(value)
