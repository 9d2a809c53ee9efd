"""Pairs of files whose right and wrong answers are known, synthetic and real."""

from base64 import b64decode
from dataclasses import dataclass
from itertools import combinations
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.errors import DataError
from litesmith.records.record import Record, read_record
from litesmith.records.summary import RightAnswers

RUNS = Path(__file__).with_name("runs.json")
_SIZE = 100_000


@dataclass(frozen=True)
class Population:
    """Images, and which of two files gets each right.

    Attributes:
        name: Which files they are.
        labels: True classes, uint8 (n,).
        one: Whether the one file is right, bool (n,).
        other: Whether the other is.
    """

    name: str
    labels: NDArray[np.uint8]
    one: NDArray[np.bool_]
    other: NDArray[np.bool_]

    @property
    def disagreement(self) -> float:
        """Share of the images that one of the two alone gets right."""
        return float(np.mean(self.one != self.other))


class PastRun(Record):
    """The answers of the final file of an earlier run to the test images."""

    run: str
    right: RightAnswers


class PastRuns(Record):
    """Earlier runs of the pipeline, each trained apart from the others."""

    runs: tuple[PastRun, ...]


def synthetic(class_accuracies: list[float], disagreement: float) -> Population:
    """Return two files of the same accuracies, which disagree in each class as often as it errs.

    Args:
        class_accuracies: Of each class; all have as many images.
        disagreement: Images that one of the two alone gets right, a fraction.
    """
    errors = 1 - np.array(class_accuracies)
    num = _SIZE // len(errors)
    lost = np.rint(num * disagreement / 2 * errors / errors.mean()).astype(int)
    wrong = np.rint(num * errors).astype(int)
    labels = np.repeat(np.arange(len(errors), dtype=np.uint8), num)
    place = np.tile(np.arange(num), len(errors))
    # In each class the first images are wrong in both, then come those that one alone gets right.
    both, apart = np.repeat(wrong - lost, num), np.repeat(lost, num)
    one = (place >= both) & ~((place >= both) & (place < both + apart))
    other = (place >= both) & ~((place >= both + apart) & (place < both + 2 * apart))
    return Population(f"synthetic, {100 * disagreement:g} % apart", labels, one, other)


def real(predictions: Path) -> list[Population]:
    """Return pairs of real files: integer files of one run, and final files of separate runs.

    Args:
        predictions: What the step ``evaluate`` of a full run on the default data set wrote.

    Raises:
        DataError: There are no such answers.
    """
    if not predictions.is_file():
        raise DataError(
            f"{predictions} is missing. Run the pipeline (`make run`) on the default data set."
        )
    with np.load(predictions, allow_pickle=False) as arrays:
        labels, names = arrays["labels"], [str(name) for name in arrays["variants"]]
        right = {name: row == labels for name, row in zip(names, arrays["predicted"], strict=True)}
    runs = read_record(RUNS, PastRuns).runs
    if len(labels) != runs[0].right.num_images:
        raise DataError(
            f"{predictions} has answers to {len(labels)} images, expected the "
            f"{runs[0].right.num_images} test images of the default data set."
        )
    files = {name: right[name] for name in names if name.endswith("-int8")}
    past = {run.run: _unpacked(run.right) for run in runs}
    return [
        Population(f"{first} and {second}", labels, answers[first], answers[second])
        for answers in (files, past)
        for first, second in combinations(answers, 2)
    ]


def _unpacked(right: RightAnswers) -> NDArray[np.bool_]:
    bits = np.frombuffer(b64decode(right.bits), np.uint8)
    return np.unpackbits(bits, count=right.num_images).astype(bool)
