"""The model card, by the conventions of Hugging Face.

Source: Mitchell et al., "Model Cards for Model Reporting", FAT* 2019, and
https://huggingface.co/docs/hub/model-cards.
"""

import re
from collections.abc import Mapping
from dataclasses import dataclass

from litesmith.documents.templates import templates
from litesmith.files import yaml_text
from litesmith.records.convert import TensorForm
from litesmith.records.form import DataForm
from litesmith.records.summary import HeadlineSide, Verdict
from litesmith.report.budget import BudgetLine, budget
from litesmith.report.inputs import ReportInputs
from litesmith.report.provenance import seeds, versions
from litesmith.report.reference import baseline_side, this_run
from litesmith.wording import count, percent

NOT_STATED = "not stated"
_ADDRESS = re.compile(r"https?://[^\s<>\\`]+")

# What Markdown or the HTML in it could take for more than text.
_SPECIAL = re.compile(r"([\\`*_{}\[\]<>#|~])")

_USES = {
    "train": "fitting weights and calibrating the quantization",
    "validation": "choosing hyperparameters and files",
    "gate": "deciding whether the file replaces the one in service; no run chooses anything on it",
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
        look: What an image looks like, in words.
        license: Of the data.
        source: Of the data, as a link if it is an address.
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
    look: str
    license: str
    source: str
    weakest_class: str
    command: Markdown
    seed: str
    versions: Mapping[str, str]


def render_card(inputs: ReportInputs, verdict: Verdict) -> str:
    """Return the card as Markdown with YAML front matter."""
    file, optimized = inputs.results.convert.files[inputs.final], this_run(inputs).optimized
    command = f"python -m flows retrain{inputs.options}" if inputs.options else "dvc repro"
    card = Card(
        inputs=inputs,
        front_matter=Markdown(front_matter(inputs, optimized)),
        verdict=verdict,
        input_form=_form(file.input),
        output_form=_form(file.output),
        uses=_USES,
        cpu_s=sum(step.cpu_s for step in inputs.provenance.values()),
        baseline=baseline_side(inputs.results),
        optimized=optimized,
        budget=budget(inputs),
        look=look(inputs.form),
        license=inputs.dataset.license or NOT_STATED,
        source=linked(inputs.dataset.source),
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
    dataset, synthetic = inputs.dataset, inputs.results.validate.dataset.synthetic
    tags = ["image-classification", "tflite", "litert", "edge", "quantization", "pruning"]
    accuracy = {"type": "accuracy", "name": "accuracy on the test split", "value": optimized.accuracy}
    balanced = {
        "type": "balanced_accuracy",
        "name": "balanced accuracy on the test split",
        "value": inputs.final_variant.balance.accuracy.value,
    }
    size = {"type": "size", "name": "bytes of the .tflite file", "value": optimized.tflite_bytes}
    result = {
        "task": {"type": "image-classification", "name": "Image classification"},
        "dataset": {"type": _slug(dataset.name, "unnamed"), "name": dataset.name, "split": "test"},
        "metrics": [accuracy, balanced, size],
    }
    fields = {
        "license": _slug(dataset.license or "", "unknown"),
        "library_name": "litert",
        "pipeline_tag": "image-classification",
        "tags": [*tags, "synthetic-images"] if synthetic else tags,
        "metrics": ["accuracy", "balanced_accuracy"],
        "model-index": [{"name": f"litesmith {inputs.final}", "results": [result]}],
    }
    return yaml_text(fields).strip()


def _slug(text: str, otherwise: str) -> str:
    """Return a text as an identifier, such as ``cc-by-4.0``."""
    return re.sub(r"[^a-z0-9.]+", "-", text.lower()).strip("-.") or otherwise


def look(form: DataForm) -> str:
    """Return in words what an image of the data set looks like."""
    ground = {"dark": "bright on a dark ground", "light": "dark on a light ground", "any": "any ground"}
    return f"one {'grey' if form.channels == 1 else 'colour'} image, {ground[form.ground]}"


def linked(address: str | None) -> str:
    """Return an address as a link in Markdown, and another text as it is."""
    if address is None:
        return NOT_STATED
    return Markdown(f"<{address}>") if _ADDRESS.fullmatch(address) else address


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
