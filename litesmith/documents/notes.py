"""The notes on optimization: eight questions, answered with the figures of the last run."""

import re
import statistics
import textwrap
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from litesmith.analysis.paired import Difference, paired_counts, unpaired
from litesmith.documents.templates import templates
from litesmith.errors import ContractError
from litesmith.records.evaluate import Variant
from litesmith.records.latency import FileLatency
from litesmith.records.provenance import Provenance
from litesmith.records.summary import Results
from litesmith.records.sweep import RungFrontier, Trial

_WIDTH = 105


@dataclass(frozen=True)
class Range:
    """Lowest and highest of some values."""

    low: float
    high: float

    @property
    def width(self) -> float:
        """How far the two lie apart."""
        return self.high - self.low


@dataclass(frozen=True)
class Spread:
    """How far the accuracies of the trials of one rung lie apart.

    Attributes:
        rung: The trials and how long they were trained.
        accuracies: Lowest and highest.
    """

    rung: RungFrontier
    accuracies: Range

    @property
    def standard_errors(self) -> float:
        """The width in standard errors of the best accuracy."""
        return self.accuracies.width / self.rung.margin


@dataclass(frozen=True)
class Search:
    """Figures of the search.

    Attributes:
        first: The trials at the first rung.
        last: The trials at the last.
        cpu_s: CPU-seconds of all trials.
        first_cpu_s: Median of a trial at the first rung.
        tflite_bytes: Of the trials that were trained.
        macs: Of the same.
        dropout_rates: That they tried.
        num_infeasible: Proposals that broke a limit.
        num_diverged: Trials whose loss left the numbers.
    """

    first: Spread
    last: Spread
    cpu_s: float
    first_cpu_s: float
    tflite_bytes: Range
    macs: Range
    dropout_rates: Range
    num_infeasible: int
    num_diverged: int


@dataclass(frozen=True)
class Changes:
    """Accuracies, each minus that of a model with which it is compared.

    On test: ``tuned`` minus the baseline, and the int8 file of the tuned model minus that model, image by image. On
    validation: what each part of the fine-tuning with zeros does.
    """

    tuned: Difference
    int8: Difference
    pruned: Difference
    dropout: Difference
    dropout_when_pruned: Difference


@dataclass(frozen=True)
class TunedFile:
    """An int8 file of a model that was fine-tuned for conversion, and its accuracy minus that of ``tuned-int8``."""

    variant: Variant
    latency: FileLatency
    change: Difference


@dataclass(frozen=True)
class Transformer:
    """Cost of a small vision transformer, worked out and not measured."""

    patch: int
    channels: int
    blocks: int
    tokens: int
    weights: int
    macs: int
    attention_share: float


def render_notes(results: Results, provenance: Mapping[str, Provenance]) -> str:
    """Return the notes as Markdown.

    Args:
        results: Of the steps.
        provenance: How each step made its outputs.

    Raises:
        ContractError: A file that the notes quote was not made; the text names it.
    """
    variants, timings = results.evaluate.variants, results.latency.variants
    try:
        text = (
            templates()
            .get_template("documents/notes.md.j2")
            .render(
                results=results,
                provenance=provenance,
                search=search_figures(results),
                changes=changes(results),
                tuned_files=tuned_files(results),
                transformer=transformer(results),
                baseline_keras=variants["baseline-keras"],
                baseline_float32=variants["baseline-float32"],
                keras=variants["tuned-keras"],
                float32=variants["tuned-float32"],
                int8=variants["tuned-int8"],
                pruned_int8=variants["pruned-int8"],
                float32_ms=timings["tuned-float32"].median_ms,
                int8_ms=timings["tuned-int8"].median_ms,
                pruned_ms=timings["pruned-int8"].median_ms,
                int8_file=results.convert.files["tuned-int8"],
                pruned_file=results.convert.files["pruned-int8"],
                chosen=variants[results.evaluate.final],
                chosen_latency=timings[results.evaluate.final],
            )
        )
    except KeyError as error:
        raise ContractError(
            f"the last run made no {error}, which the notes quote. Run `dvc repro` with the precisions and variants of "
            "the committed params.yaml, or correct litesmith/documents/notes.md.j2."
        ) from error
    return _filled(text)


def search_figures(results: Results) -> Search:
    """Return what the trials of the search reached and cost."""
    trials, times = results.sweep.trials, results.sweep_timing.trials
    trained = [trial for trial in trials if trial.rungs]
    return Search(
        first=spread(results.sweep.frontiers[0]),
        last=spread(results.sweep.frontiers[-1]),
        cpu_s=sum(time.cpu_s for time in times),
        first_cpu_s=statistics.median(time.cpu_s for time in times if time.rung == 0),
        tflite_bytes=_range(trial.tflite_bytes for trial in trained),
        macs=_range(trial.macs for trial in trained),
        dropout_rates=_range(float(trial.choices["dropout_rate"]) for trial in trained),
        num_infeasible=_num_of(trials, "infeasible"),
        num_diverged=_num_of(trials, "diverged"),
    )


def spread(rung: RungFrontier) -> Spread:
    """Return how far the trials of a rung lie apart; those of another were trained on other images."""
    return Spread(rung, _range(point.accuracy for point in rung.points))


def changes(results: Results) -> Changes:
    """Return the differences of accuracies that the notes quote."""
    variants, num_test = results.evaluate.variants, results.evaluate.num_images
    flips, ablation = results.evaluate.flips["tuned-int8"], results.prune.ablation
    num_validation = results.prepare.splits["validation"].num_images

    def ablated(after: str, before: str) -> Difference:
        accuracies = (ablation[name].validation.accuracy for name in (after, before))
        return unpaired(next(accuracies), num_validation, next(accuracies), num_validation)

    return Changes(
        tuned=unpaired(
            variants["tuned-keras"].accuracy, num_test, variants["baseline-keras"].accuracy, num_test
        ),
        int8=paired_counts(flips.wrong_to_right, flips.right_to_wrong, flips.num_images),
        pruned=ablated("pruned_only", "winner"),
        dropout=ablated("dropout_only", "winner"),
        dropout_when_pruned=ablated("pruned_with_dropout", "pruned_only"),
    )


def tuned_files(results: Results) -> list[TunedFile]:
    """Return the int8 files of the models that were fine-tuned for conversion."""
    variants, num = results.evaluate.variants, results.evaluate.num_images
    plain = variants["tuned-int8"]
    return [
        TunedFile(
            variant,
            results.latency.variants[name],
            unpaired(variant.accuracy, num, plain.accuracy, num),
        )
        for name, variant in variants.items()
        if variant.precision == "int8" and variant.model in results.quantize.variants
    ]


def transformer(results: Results) -> Transformer:
    """Return what a small vision transformer for the images of a run would take.

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

    A block has 4 c^2 weights for queries, keys, values and the way out, and 8 c^2 for its two dense layers. Every token
    is multiplied with each weight; scores and their use cost t^2 c each.
    """
    block = 12 * channels**2
    embedding, head = patch_values * channels + tokens * channels, channels * num_classes
    weights = embedding + blocks * block + head
    per_block = tokens * block + 2 * tokens**2 * channels
    return weights, (tokens - 1) * patch_values * channels + blocks * per_block + head


def _range(values: Iterable[float]) -> Range:
    ordered = sorted(values)
    return Range(ordered[0], ordered[-1])


def _num_of(trials: Iterable[Trial], state: str) -> int:
    return sum(trial.state == state for trial in trials)


def _filled(text: str) -> str:
    """Break the paragraphs of a Markdown text anew, since figures differ in length; leave tables, heads and lists."""
    blocks = [block.strip("\n") for block in text.split("\n\n") if block.strip()]
    return "\n\n".join(_fill(block) if block[0].isalpha() else block for block in blocks) + "\n"


def _fill(paragraph: str) -> str:
    words = re.sub(r"[ \n]+", " ", paragraph)
    return textwrap.fill(words, _WIDTH, break_on_hyphens=False, break_long_words=False)
