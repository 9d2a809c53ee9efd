"""The tables whose rows have to be worked out; the others are shown as they were recorded."""

import base64
import io
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray
from PIL import Image

from litesmith.plots import trained_words
from litesmith.report.formats import NONE, count, milliseconds, percent, points, times
from litesmith.report.inputs import Predictions, Records
from litesmith.report.records import Absent, Record, first_absent, plain
from litesmith.report.verdict import BASELINE, Difference

BASELINE_LITE = "baseline-float32"


@dataclass(frozen=True)
class Cell:
    """A cell of the headline table: what is read first, and what stands small below it."""

    value: Any
    detail: str = ""


@dataclass(frozen=True)
class HeadlineRow:
    """One quantity of the headline table: baseline, optimized, and the change from one to the other."""

    name: str
    unit: str
    baseline: Cell
    optimized: Cell
    change: Cell


@dataclass(frozen=True)
class ConfusedPair:
    """Two classes of which the one is often taken for the other."""

    actual: str
    predicted: str
    num_images: int
    share: float


@dataclass(frozen=True)
class Thumbnail:
    """A test image that the final variant got wrong, as a PNG data address."""

    row: int
    source: str
    actual: str
    predicted: str
    confidence: Any


@dataclass(frozen=True)
class MatrixCell:
    """A cell of a confusion matrix.

    Args:
        num_images: Images of the row's class predicted as the column's.
        heat: 0 to 1: on the diagonal the share of the row; elsewhere the count as a share of the largest mistake.
        right: Whether it lies on the diagonal.
    """

    num_images: int
    heat: float
    right: bool


@dataclass(frozen=True)
class Matrix:
    """A confusion matrix: the classes it speaks of, and for each actual class its cells by predicted class."""

    names: tuple[str, ...]
    rows: tuple[tuple[MatrixCell, ...], ...]


def headline(records: Records, difference: Difference | Absent) -> list[HeadlineRow]:
    """Set the baseline against the optimized model: accuracy, bytes of the Keras and TFLite files, latency."""
    variants = records["evaluate"]["variants"]
    final, keras = variants[records.final], variants[f"{records.optimized}-keras"]
    first, first_lite = variants[BASELINE], variants[BASELINE_LITE]
    timed = records.latency["variants"]
    speed = timed[BASELINE_LITE]["median_ms"], timed[records.final]["median_ms"]
    return [
        HeadlineRow("Test accuracy", "%", _accuracy_cell(first), _accuracy_cell(final), _gain(difference)),
        _fewer("Keras model", "bytes", first["bytes"], keras["bytes"], "smaller"),
        _fewer("TFLite model", "bytes", first_lite["bytes"], final["bytes"], "smaller"),
        _fewer("TFLite model, gzip", "bytes", first_lite["gzip_bytes"], final["gzip_bytes"], "smaller"),
        _fewer("Median latency", "ms", *speed, "faster"),
    ]


def accuracy(variant: Any) -> Any:
    """Return a variant's accuracy in percent with its 95 % interval, and absent what of them is."""
    cell = _accuracy_cell(variant)
    return f"{cell.value} ({cell.detail})" if cell.detail else cell.value


def loss(variant: Any) -> Any:
    """Return a variant's loss in nats, or None where its kind has none and the reason is recorded."""
    return variant.optional("loss") if variant.optional("loss_reason") else variant["loss"]


def no_loss(variants: Any) -> dict[str, str]:
    """Return for each precision that has no loss the reason."""
    reasons = ((variant.optional("precision"), variant.optional("loss_reason")) for _, variant in variants.items())
    return {str(precision): str(reason) for precision, reason in reasons if reason}


def _accuracy_cell(variant: Any) -> Cell:
    value, (low, high) = variant["accuracy"], (variant["accuracy_interval"][end] for end in (0, 1))
    detail = "" if first_absent(value, low, high) is not None else f"{percent(low)} to {percent(high)}"
    return Cell(value if isinstance(value, Absent) else percent(value), detail)


def _gain(difference: Difference | Absent) -> Cell:
    if isinstance(difference, Absent):
        return Cell(difference)
    return Cell(f"{points(difference.mean)} points", f"{points(difference.low)} to {points(difference.high)}")


def _fewer(name: str, unit: str, before: Any, after: Any, word: str) -> HeadlineRow:
    missing, write = first_absent(before, after), count if unit == "bytes" else milliseconds
    first, second = (Cell(value if isinstance(value, Absent) else write(value)) for value in (before, after))
    change = Cell(missing if missing is not None else times(before / after, word))
    return HeadlineRow(name, unit, first, second, change)


def matrix(confusion: Any, class_names: Sequence[str]) -> Matrix | Absent:
    """Prepare a confusion matrix of counts, rows actual and columns predicted, for shading."""
    counts = _counts(confusion, len(class_names))
    if isinstance(counts, Absent):
        return counts
    wrong = counts - np.diag(np.diag(counts))
    shares = np.where(np.eye(len(counts)) == 1, counts / np.maximum(counts.sum(axis=1, keepdims=True), 1), 0)
    heats = np.where(np.eye(len(counts)) == 1, shares, wrong / max(wrong.max(), 1))
    rows = (
        tuple(MatrixCell(int(n), round(float(heats[i, j]), 2), i == j) for j, n in enumerate(row))
        for i, row in enumerate(counts)
    )
    return Matrix(tuple(class_names), tuple(rows))


def confused_pairs(confusion: Any, class_names: Sequence[str], num_pairs: int) -> list[ConfusedPair]:
    """Return the ``num_pairs`` most frequent mistakes of a confusion matrix, the most frequent first."""
    counts = _counts(confusion, len(class_names))
    if isinstance(counts, Absent):
        return []
    totals = np.maximum(counts.sum(axis=1), 1)
    cells = [(int(n), i, j) for i, row in enumerate(counts) for j, n in enumerate(row) if i != j and n]
    ranked = sorted(cells, key=lambda cell: (-cell[0], cell[1], cell[2]))[:num_pairs]
    return [ConfusedPair(class_names[i], class_names[j], n, n / int(totals[i])) for n, i, j in ranked]


def _counts(confusion: Any, num_classes: int) -> NDArray[np.int_] | Absent:
    """Return a recorded confusion matrix as an array (classes, classes), if it is one."""
    if isinstance(confusion, Absent):
        return confusion
    try:
        counts = np.asarray(plain(confusion, []), dtype=int)
    except (TypeError, ValueError):
        return Absent("the recorded confusion matrix has gaps")
    if counts.shape != (num_classes, num_classes):
        return Absent(f"the confusion matrix is {counts.shape} and there are {num_classes} classes")
    return counts


def thumbnails(predictions: Predictions, final: str, class_names: Sequence[str], most: int) -> list[Thumbnail]:
    """Return the wrongly classified images that the final variant was surest of, the surest first."""
    predicted, confidence = predictions.predicted.get(final), predictions.confidence.get(final)
    if predicted is None:
        return []
    rows = [int(row) for row in predictions.error_rows]
    wrong = [position for position, row in enumerate(rows) if predicted[row] != predictions.labels[row]]
    sure = [0.0 if confidence is None else float(confidence[row]) for row in rows]
    order = sorted(wrong, key=lambda position: (-sure[position], rows[position]))[:most]
    return [
        Thumbnail(
            rows[position],
            png_address(predictions.error_images[position]),
            class_names[predictions.labels[rows[position]]],
            class_names[predicted[rows[position]]],
            Absent("the predictions hold no confidence") if confidence is None else sure[position],
        )
        for position in order
    ]


def png_address(image: np.ndarray[Any, Any]) -> str:
    """Return a uint8 (height, width) image as a PNG data address, dark ink on a light ground."""
    buffer = io.BytesIO()
    Image.fromarray(255 - image).save(buffer, format="PNG", optimize=True)
    return "data:image/png;base64," + base64.b64encode(buffer.getvalue()).decode()


@dataclass(frozen=True)
class AblationRow:
    """One line of the ablation, and its validation accuracy minus the winner's."""

    record: Any
    change: Any


def ablation(records: Records) -> list[AblationRow]:
    """Return the lines of the ablation, each with its change against the winner as it is."""
    lines = records["prune"]["ablation"]
    reference = lines["winner"]["validation"]["accuracy"]
    return [
        AblationRow(line, missing if missing is not None else line["validation"]["accuracy"] - reference)
        for _, line in lines.items()
        for missing in [first_absent(line["validation"]["accuracy"], reference)]
    ]


def words(value: Any) -> Any:
    """Write what a rule expected or observed, whatever its shape, in words."""
    if isinstance(value, Absent):
        return value
    content = plain(value, NONE)
    if isinstance(content, dict):
        return ", ".join(f"{key} {words(item)}" for key, item in content.items())
    if isinstance(content, list):
        return ", ".join(str(words(item)) for item in content)
    return f"{content:.6g}" if isinstance(content, float) else str(content)


def seed(made: Mapping[str, Record]) -> Any:
    """Return the seed that the steps recorded; several if they differ."""
    found = {str(value) for record in made.values() for value in [record["parameters"].optional("seed")] if value}
    return ", ".join(sorted(found)) or Absent("no record of making holds a seed")


def pythons(made: Mapping[str, Record]) -> str:
    """Return the Python versions that the steps recorded."""
    return ", ".join(dict.fromkeys(str(record["host"]["python"]) for record in made.values())) or "n/r"


def choice_names(trials: Iterable[Any]) -> list[str]:
    """Return the names of the hyperparameters that any trial chose, in the order of first meeting."""
    return list(dict.fromkeys(name for trial in trials for name, _ in trial["choices"].items()))


def rung_names(trials: Iterable[Any]) -> dict[int, str]:
    """Return for each rung that any trial reached how long trials are trained there."""
    found = {rung["rung"]: trained_words(plain(rung, {})) for trial in trials for rung in trial["rungs"]}
    return {number: found[number] for number in sorted(one for one in found if isinstance(one, int))}


def cpu_seconds(records: Records) -> dict[int, float]:
    """Return the CPU-seconds that each trial took, all its rungs together."""
    spent: dict[int, float] = {}
    for one in records["sweep-timing"]["trials"]:
        number, seconds = one["number"], one["cpu_s"]
        if first_absent(number, seconds) is None:
            spent[number] = spent.get(number, 0.0) + seconds
    return spent


def versions(made: Mapping[str, Record]) -> list[tuple[str, str]]:
    """Return each package with its version, and with the steps where it was another one."""
    steps: dict[str, dict[str, list[str]]] = {}
    for step, record in made.items():
        for package, version in record["versions"].items():
            steps.setdefault(package, {}).setdefault(str(version), []).append(step)
    return [(package, _spread(found)) for package, found in sorted(steps.items())]


def hosts(made: Mapping[str, Record]) -> list[tuple[str, str]]:
    """Return each host that a step ran on, in words, with the steps."""
    steps: dict[str, list[str]] = {}
    for step, record in made.items():
        steps.setdefault(host_words(record["host"]), []).append(step)
    return [(host, ", ".join(names)) for host, names in steps.items()]


def host_words(host: Any) -> str:
    """Write a host in one line: processor, cores, system, Python."""
    cpu, cores, system, python = host["cpu"], host["cores"], host["system"], host["python"]
    return f"{cpu}, {cores} cores, {system}, Python {python}"


def _spread(found: Mapping[str, list[str]]) -> str:
    if len(found) == 1:
        return next(iter(found))
    return "; ".join(f"{version} ({', '.join(steps)})" for version, steps in found.items())
