"""The model card, by the conventions of Hugging Face.

Source: Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, and
https://huggingface.co/docs/hub/model-cards.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from litesmith.documents.formats import count, percent, shell
from litesmith.documents.templates import templates
from litesmith.files import yaml_text
from litesmith.records.convert import TensorForm
from litesmith.records.summary import HeadlineSide, Verdict
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
        inputs: Of the report.
        input_form: How the input stands for real numbers; empty if it holds them as they are.
        output_form: The same of the output.
        uses: What each split is for.
    """

    inputs: ReportInputs
    front_matter: Markdown
    verdict: Verdict
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
    profile, file = inputs.params.profile, inputs.results.convert.files[inputs.final]
    optimized = this_run(inputs).optimized
    command = f"python -m flows retrain --profile {shell(profile)}" if profile else "dvc repro"
    card = Card(
        inputs=inputs,
        front_matter=Markdown(front_matter(inputs, optimized)),
        verdict=verdict,
        input_form=_form(file.input),
        output_form=_form(file.output),
        uses=_USES,
        cpu_s=sum(step.cpu_s for step in inputs.provenance.values()),
        baseline=headline_side(inputs.results, BASELINE, BASELINE, BASELINE_LITE),
        optimized=optimized,
        budget=budget(inputs),
        weakest_class=weakest_class(inputs),
        command=Markdown(command),
        seed=seeds(inputs.provenance),
        versions=versions(inputs.provenance),
    )
    environment = templates().overlay(finalize=markdown_text)
    text = environment.get_template("report/model-card.md.j2").render(card=card)
    return re.sub(r"\n{3,}", "\n\n", text).strip() + "\n"


def weakest_class(inputs: ReportInputs) -> str:
    """Return a sentence on the class that the file finds least often."""
    worst, name = inputs.final_variant.balance.worst, inputs.final_variant.worst_name
    interval = f"95 % interval {percent(worst.recall.low, 1)} to {percent(worst.recall.high, 1)}"
    of_images = f"{percent(worst.recall.value, 1)} % of {count(worst.num_images)} images ({interval})"
    return f"The class it finds least often is {name}: {of_images}."


def front_matter(inputs: ReportInputs, optimized: HeadlineSide) -> str:
    """Return the card's YAML, which an index of models reads."""
    dataset = inputs.results.validate.dataset
    tags = ["image-classification", "tflite", "litert", "edge", "quantization", "pruning"]
    published = {"datasets": ["zalando-datasets/fashion_mnist"]}
    is_published = dataset.name == "Fashion-MNIST" and not dataset.synthetic
    accuracy = {"type": "accuracy", "name": "accuracy on the test split", "value": optimized.accuracy}
    size = {"type": "size", "name": "bytes of the .tflite file", "value": optimized.tflite_bytes}
    slug = re.sub(r"[^a-z0-9]+", "-", dataset.name.lower()).strip("-") or "unnamed"
    result = {
        "task": {"type": "image-classification", "name": "Image classification"},
        "dataset": {"type": slug, "name": dataset.name, "split": "test"},
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


def markdown_text(value: object) -> str:
    """Write a value as one line of text in Markdown."""
    if isinstance(value, Markdown):
        return value
    return _SPECIAL.sub(r"\\\1", " ".join(str(value).splitlines()))
