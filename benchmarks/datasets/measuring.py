"""What a run on a data set reached, read from its evaluation, and how `predict` answers."""

import statistics
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from benchmarks.datasets.writing import write_picture
from litesmith.analysis.intervals import wilson
from litesmith.data.splits import read_split
from litesmith.errors import ContractError, DataError
from litesmith.inference.predict import predict_pictures
from litesmith.records.figures import View
from litesmith.records.record import Interval, read_record
from tasks import catalog

NUM_PICTURES = 100
_BASELINE = "baseline-keras"
_CONFIDENCE = 0.95


class _Recall(View):
    value: float


class _Class(View):
    name: str
    recall: _Recall | None
    num_images: int


class _Variant(View):
    accuracy: float
    accuracy_interval: Interval
    bytes: int
    gzip_bytes: int
    per_class: tuple[_Class, ...]


class _Gain(View):
    mean: float
    low: float
    high: float


class _Evaluated(View):
    num_images: int
    final: str
    variants: dict[str, _Variant]
    gain: _Gain


class _Spent(View):
    cpu_s: float
    server_cpu_s: float | None


def measure(workspace: Path) -> dict[str, Any]:
    """Return what the run in a workspace reached and cost.

    Raises:
        ContractError: It has left no page or no final file.
        DataError: A file there is not as this version writes it.
    """
    for path in (catalog.REPORT, catalog.FINAL_LITE):
        if not (workspace / path).is_file():
            raise ContractError(f"{workspace / path} is missing. The run has not come to its end.")
    evaluated = read_record(workspace / catalog.results("evaluate"), _Evaluated)
    final, baseline = evaluated.variants[evaluated.final], evaluated.variants[_BASELINE]
    gain = {name: round(getattr(evaluated.gain, name), 4) for name in ("mean", "low", "high")}
    return {
        "num_test": evaluated.num_images,
        "final": {"name": evaluated.final, **_reached(final), "bytes": final.bytes},
        "baseline_fit": _reached(baseline),
        "final_minus_baseline": gain,
        "predict": _predicted(workspace, evaluated.final, [kind.name for kind in final.per_class]),
        **_cost(workspace),
    }


def _reached(variant: _Variant) -> dict[str, Any]:
    known = [kind for kind in variant.per_class if kind.recall is not None]
    recalls = {kind.name: kind.recall.value for kind in known if kind.recall is not None}
    worst = min(recalls, key=lambda name: recalls[name])
    return {
        "accuracy": round(variant.accuracy, 4),
        "accuracy_interval": [round(end, 4) for end in variant.accuracy_interval],
        "balanced_accuracy": round(statistics.mean(recalls.values()), 4),
        "worst_class": {"name": worst, "recall": round(recalls[worst], 4)},
    }


def _cost(workspace: Path) -> dict[str, Any]:
    """Return the CPU-seconds of all runs in a workspace: of the last, and of those it went on from."""
    runs = [read_record(path, _Spent) for path in sorted((workspace / catalog.RUNS).glob("*.json"))]
    spent = sum(run.cpu_s + (run.server_cpu_s or 0) for run in runs)
    return {"num_runs": len(runs), "cpu_s": round(spent, 1)}


def _predicted(workspace: Path, final: str, class_names: Sequence[str]) -> dict[str, Any]:
    """Save test images as picture files, and compare what `predict` says of them."""
    test = read_split(workspace / catalog.TEST)
    with np.load(workspace / catalog.PREDICTIONS) as arrays:
        answers = arrays["predicted"][list(arrays["variants"]).index(final)]
    num = min(NUM_PICTURES, len(test.labels))
    rows = np.linspace(0, len(test.labels) - 1, num).astype(int)
    images = test.images if test.images.ndim == 4 else test.images[..., None]
    expected = [class_names[answers[row]] for row in rows]
    got = _answers(workspace / catalog.FINAL_LITE, images[rows])
    num_same = sum(one == other for one, other in zip(got, expected, strict=True))
    interval = wilson(num_same, num, _CONFIDENCE)
    return {
        "num_pictures": num,
        "as_evaluated": num_same,
        "interval": [round(interval.low, 4), round(interval.high, 4)] if interval else None,
        "refused": got.count(None),
    }


def _answers(model: Path, images: NDArray[np.uint8]) -> list[str | None]:
    """Return the likeliest class of each image in a PNG file, None where the file is refused."""
    with tempfile.TemporaryDirectory(prefix="litesmith-") as folder:
        paths = [Path(folder) / f"{row:03}.png" for row in range(len(images))]
        for path, image in zip(paths, images, strict=True):
            write_picture(path, image)
        outcomes = [outcome for _, outcome in predict_pictures(model, paths)]
    return [None if isinstance(outcome, DataError) else outcome.guesses[0].name for outcome in outcomes]
