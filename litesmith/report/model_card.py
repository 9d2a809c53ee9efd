"""The model card, by the conventions of Hugging Face.

Source: Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, and
https://huggingface.co/docs/hub/model-cards.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache

from jinja2 import Environment

from litesmith.documents.formats import percent, shell
from litesmith.documents.templates import templates
from litesmith.files import yaml_text
from litesmith.records.convert import TensorForm
from litesmith.records.summary import HeadlineSide, Results, Verdict
from litesmith.report.budget import BudgetLine, budget
from litesmith.report.inputs import BASELINE, BASELINE_LITE, ReportInputs
from litesmith.report.provenance import seeds, versions
from litesmith.report.reference import headline_side, this_run

# What Markdown or the HTML in it could take for more than text.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")

_USES = {
    "train": "fitting weights and calibrating the quantization",
    "validation": "choosing hyperparameters and files",
    "gate": "nothing: held back, no step of the pipeline reads it",
    "test": "the results below, and nothing else",
}


class Markdown(str):
    """Text that is Markdown already."""


@dataclass(frozen=True)
class Card:
    """What the template of the card shows.

    Attributes:
        front_matter: The card's YAML.
        results: The result of each step.
        verdict: Of the report.
        final: Name of the file.
        class_names: In the order of the labels.
        passes: How often one answer runs the winner's network.
        input_form: How its input stands for real numbers; empty if it holds them as they are.
        output_form: The same of its output.
        uses: What each split is for.
        cpu_s: CPU-seconds of all steps.
        baseline: What the headline says of the baseline.
        optimized: What it says of the file.
        budget: The limits of the device.
        weakest_class: Which class it finds least often, in a sentence.
        command: Makes the run again.
        seed: Of every random choice.
        versions: Of the packages.
    """

    front_matter: Markdown
    results: Results
    verdict: Verdict
    final: str
    class_names: tuple[str, ...]
    passes: int
    input_form: str
    output_form: str
    uses: Mapping[str, str]
    cpu_s: float
    baseline: HeadlineSide
    optimized: HeadlineSide
    budget: list[BudgetLine]
    weakest_class: str
    command: Markdown
    seed: str
    versions: Mapping[str, str]


def render_card(inputs: ReportInputs, verdict: Verdict) -> str:
    """Return the card as Markdown with YAML front matter."""
    results, profile = inputs.results, inputs.params.profile
    file = results.convert.files[inputs.final]
    optimized = this_run(inputs).optimized
    card = Card(
        front_matter=Markdown(front_matter(inputs, optimized)),
        results=results,
        verdict=verdict,
        final=inputs.final,
        class_names=inputs.class_names,
        passes=inputs.passes,
        input_form=_form(file.input),
        output_form=_form(file.output),
        uses=_USES,
        cpu_s=sum(step.cpu_s for step in inputs.provenance.values()),
        baseline=headline_side(results, BASELINE, BASELINE, BASELINE_LITE),
        optimized=optimized,
        budget=budget(inputs),
        weakest_class=weakest_class(inputs),
        command=Markdown(
            f"python -m flows retrain --profile {shell(profile)}" if profile else "dvc repro"
        ),
        seed=seeds(inputs.provenance),
        versions=versions(inputs.provenance),
    )
    text = _templates().get_template("report/model-card.md.j2").render(card=card)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def weakest_class(inputs: ReportInputs) -> str:
    """Say which class the file finds least often."""
    classes = inputs.final_variant.per_class
    recall, name = min((each.recall.value, each.name) for each in classes if each.recall is not None)
    return f"The class it finds least often is {name}: {percent(recall, 1)} % of its images."


def front_matter(inputs: ReportInputs, optimized: HeadlineSide) -> str:
    """Return the card's YAML, which an index of models shows."""
    dataset = inputs.results.validate.dataset
    tags = ["image-classification", "tflite", "litert", "edge", "quantization", "pruning"]
    published = {"datasets": ["zalando-datasets/fashion_mnist"]}
    is_published = dataset.name == "Fashion-MNIST" and not dataset.synthetic
    accuracy = {"type": "accuracy", "name": "accuracy on the test split", "value": optimized.accuracy}
    size = {"type": "size", "name": "bytes of the .tflite file", "value": optimized.tflite_bytes}
    result = {
        "task": {"type": "image-classification", "name": "Image classification"},
        "dataset": {"type": _slug(dataset.name), "name": dataset.name, "split": "test"},
        "metrics": [accuracy, size],
    }
    fields = {
        "license": "mit",
        "library_name": "litert",
        "pipeline_tag": "image-classification",
        "tags": [*tags, "synthetic-images"] if dataset.synthetic else tags,
        **(published if is_published else {}),
        "metrics": ["accuracy"],
        "model-index": [{"name": f"litesmith {inputs.final}", "results": [result]}],
    }
    return yaml_text(fields).strip()


def _form(tensor: TensorForm) -> str:
    if not tensor.scale:
        return ""
    zero_point = tensor.zero_point or 0
    sign = "+" if zero_point < 0 else "\u2212"
    return f", real value = {tensor.scale:.6g} \u00d7 (value {sign} {abs(zero_point)})"


def _slug(name: str) -> str:
    """Return a name as an identifier: ``Fashion-MNIST`` as ``fashion-mnist``."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-") or "unnamed"


def markdown_text(value: object) -> str:
    """Write a value so that Markdown takes it for text on one line."""
    if isinstance(value, Markdown):
        return value
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).splitlines()))


@cache
def _templates() -> Environment:
    return templates().overlay(finalize=markdown_text)
