"""The results table of the README."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

from pydantic import BaseModel, Field, ValidationError

from litesmith.errors import ContractError
from litesmith.records.device import LatencyResult
from litesmith.records.evaluate import EvaluateResult, Variant
from litesmith.records.provenance import Provenance
from litesmith.records.record import Count, Interval, Share
from litesmith.wording import count, milliseconds, percent

BEGIN, END = "<!-- results:begin -->", "<!-- results:end -->"

_PACKAGES = [
    "tensorflow",
    "tf-keras",
    "tensorflow-model-optimization",
    "ai-edge-litert",
    "optuna",
    "numpy",
]
_HEAD = (
    "file",
    "accuracy, %",
    "95 % interval",
    "bytes",
    "gzip bytes",
    "median latency, ms",
)
# The plain network that everything is compared with: as a file where one was made of it.
_BASELINES = ("baseline-float32", "baseline-keras")


class FrontierFile(BaseModel):
    """A published file of the frontier's benchmark, as one seed measured it."""

    budget: Count
    seed: int
    accuracy: Share
    accuracy_interval: Interval
    bytes: Count
    gzip_bytes: Count

    @property
    def path(self) -> str:
        """Where it is committed."""
        return f"benchmarks/models/fashion-mnist-{self.budget}.tflite"


class _Budget(BaseModel):
    """What was measured below a limit of bytes."""

    published_seed: int
    entries: tuple[FrontierFile, ...]


class _Frontier(BaseModel):
    budgets: Annotated[dict[str, _Budget], Field(min_length=1)]


def read_frontier(path: Path) -> list[FrontierFile]:
    """Read the published files of the frontier's benchmark, the smallest first; none without results.

    Raises:
        ContractError: The file is not what the benchmark writes.
    """
    if not path.is_file():
        return []
    try:
        budgets = _Frontier.model_validate_json(path.read_bytes()).budgets.values()
    except ValidationError as error:
        again = "`python -m benchmarks.frontier collect` writes it."
        raise ContractError(f"{path} is not what the frontier's benchmark writes. {again}") from error
    files = (file for budget in budgets for file in budget.entries if file.seed == budget.published_seed)
    return sorted(files, key=lambda file: file.budget)


def results_block(
    evaluate: EvaluateResult,
    latency: LatencyResult,
    provenance: Mapping[str, Provenance],
    frontier: Sequence[FrontierFile] = (),
) -> str:
    """Return the table between the markers, with host and versions below.

    Its rows are the baseline, the final file and the frontier; the report has all files.
    """
    from tabulate import tabulate

    baseline = next(name for name in _BASELINES if name in evaluate.variants)
    rows = [
        [f"baseline, `{baseline}`", *_cells(evaluate.variants[baseline], _latency(latency, baseline))],
        [
            f"**{cell}**"
            for cell in (
                f"the run's final file, `{evaluate.final}`",
                *_cells(evaluate.variants[evaluate.final], _latency(latency, evaluate.final)),
            )
        ],
        *(
            [f"longer training, [at most {count(file.budget)} bytes]({file.path})", *_cells(file, "")]
            for file in frontier
        ),
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


def _cells(file: Variant | FrontierFile, latency: str) -> list[str]:
    low, high = file.accuracy_interval
    return [
        percent(file.accuracy),
        f"{percent(low)} to {percent(high)}",
        count(file.bytes),
        count(file.gzip_bytes),
        latency,
    ]


def _latency(latency: LatencyResult, name: str) -> str:
    """Return the median latency of a file, if it was timed."""
    timed = latency.variants.get(name)
    return milliseconds(timed.median_ms) if timed else ""


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
        f" it. Latency of one image on {latency.num_threads} thread: {machine}. {packages}."
    )
