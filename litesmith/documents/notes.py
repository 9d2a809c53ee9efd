"""The notes on optimization: eight questions, answered with the figures of the last run."""

import re
import statistics
import textwrap
from collections.abc import Mapping
from dataclasses import dataclass

from jinja2 import UndefinedError

from litesmith.analysis.paired import Difference, paired_counts, unpaired
from litesmith.documents.chance import span_words
from litesmith.documents.templates import templates
from litesmith.errors import ContractError
from litesmith.records.evaluate import Variant
from litesmith.records.provenance import Provenance
from litesmith.records.record import Score
from litesmith.records.summary import Results

_WIDTH = 105


@dataclass(frozen=True)
class Transformer:
    """Cost of a small vision transformer, calculated and not measured."""

    patch: int
    channels: int
    blocks: int
    tokens: int
    weights: int
    macs: int
    attention_share: float


def render_notes(results: Results, provenance: Mapping[str, Provenance]) -> str:
    """Return the notes as Markdown.

    Raises:
        ContractError: There is no file that the notes quote; the text names it.
    """
    num_test = results.evaluate.num_images
    num_validation = results.prepare.splits["validation"].num_images

    def on_test(after: Variant, before: Variant) -> Difference:
        return unpaired(after.accuracy, num_test, before.accuracy, num_test)

    def on_validation(after: Score, before: Score) -> Difference:
        return unpaired(after.accuracy, num_validation, before.accuracy, num_validation)

    template = templates().get_template("documents/notes.md.j2")
    try:
        text = template.render(
            results=results,
            provenance=provenance,
            transformer=transformer(results),
            on_test=on_test,
            on_validation=on_validation,
            paired_counts=paired_counts,
            median=statistics.median,
            span_words=span_words,
        )
    except UndefinedError as error:
        raise ContractError(
            f"the last run wrote no file that the notes quote: {error}. Run `dvc repro` with the "
            "precisions and variants of the committed params.yaml, or correct "
            "litesmith/documents/notes.md.j2."
        ) from error
    return _filled(text)


def transformer(results: Results) -> Transformer:
    """Return the cost of a small vision transformer for the images of a run.

    Source: the plain ViT, https://arxiv.org/abs/2010.11929, section 3.1, without biases and norms.
    """
    network, patch, channels, blocks = results.sweep.winner.network, 4, 64, 4
    tokens = (network.height // patch) * (network.width // patch) + 1
    weights, macs = transformer_cost(tokens, patch * patch, channels, blocks, network.num_classes)
    attention = 2 * blocks * tokens**2 * channels
    return Transformer(patch, channels, blocks, tokens, weights, macs, attention / macs)


def transformer_cost(
    tokens: int, patch_values: int, channels: int, blocks: int, num_classes: int
) -> tuple[int, int]:
    """Return weights and multiply-accumulates of a vision transformer whose blocks widen by four.

    A block has 4 c^2 weights for queries, keys, values and the projection, and 8 c^2 for its two dense
    layers. Every token is multiplied with each weight; scores and their use cost t^2 c each.
    """
    block = 12 * channels**2
    embedding, head = patch_values * channels + tokens * channels, channels * num_classes
    weights = embedding + blocks * block + head
    per_block = tokens * block + 2 * tokens**2 * channels
    return weights, (tokens - 1) * patch_values * channels + blocks * per_block + head


def _filled(text: str) -> str:
    """Break the paragraphs of Markdown anew: figures differ in length."""
    fill = textwrap.TextWrapper(_WIDTH, break_on_hyphens=False, break_long_words=False).fill
    blocks = [block.strip("\n") for block in text.split("\n\n") if block.strip()]
    return (
        "\n\n".join(
            fill(re.sub(r"[ \n]+", " ", block)) if block[0].isalpha() else block for block in blocks
        )
        + "\n"
    )
