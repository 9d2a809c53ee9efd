"""One trial of a sweep at one rung: a job that any process can run, and what came of it."""

import json
import logging
import os
import time
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from litesmith.data.splits import Split, read_split, sample_rows
from litesmith.errors import DivergedError
from litesmith.training.backend import derived_seed, keras, seed_everything, set_threads
from litesmith.training.distillation import Share, read_lesson
from litesmith.training.loop import Recipe, evaluate, train
from litesmith.training.networks import NetworkSpec, build_network

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrialJob:
    """All that a process needs to know to train a trial at a rung.

    Attributes:
        number: Of the trial.
        rung: Counted from 0.
        spec: The network.
        recipe: How it is trained, with the epochs of the rung.
        num_rows: Training images to use; all of them if there are fewer.
        rows_seed: Decides which, the same for all trials of a rung.
        seed: Decides everything else that is random.
        num_threads: Threads of TensorFlow.
        train: Folder of the training split.
        validation: Folder of the validation split.
        lesson: Folder of what the teachers say about the training split.
        share: How much it is heeded.
        log: File that the result is added to.
    """

    number: int
    rung: int
    spec: NetworkSpec
    recipe: Recipe
    num_rows: int
    rows_seed: int
    seed: int
    num_threads: int
    train: str
    validation: str
    lesson: str
    share: Share
    log: str


@dataclass(frozen=True)
class TrialResult:
    """What a trial reached at a rung.

    Attributes:
        number: Of the trial.
        rung: Counted from 0.
        accuracy: On validation, 0 to 1; 0 if the training diverged.
        loss: On validation, in nats; None if the training diverged.
        cpu_s: CPU-seconds spent; not part of any result that must repeat.
    """

    number: int
    rung: int
    accuracy: float
    loss: float | None
    cpu_s: float


def run_trial(job: TrialJob) -> TrialResult:
    """Train one trial from scratch with its rung's own full schedule, and log what it reaches on validation.

    A training that diverges is a result too: it is the worst.

    Raises:
        MachineError: The process already computes with another number of threads.
    """
    began = time.process_time()
    set_threads(job.num_threads)
    keras.backend.clear_session()
    seed_everything(job.seed)
    model = build_network(job.spec, f"trial{job.number}")
    validation = read_split(Path(job.validation))
    try:
        split = read_split(Path(job.train))
        rows = _some_rows(split, job)
        training = Split(split.images[rows], split.labels[rows], split.ids[rows])
        lesson = read_lesson(Path(job.lesson), job.share, rows)
        train(model, training, validation, job.recipe, seed=job.seed, lesson=lesson)
        score = evaluate(model, validation)
        reached: tuple[float, float | None] = score.accuracy, score.loss
    except DivergedError as error:
        _LOG.warning("%s", error)
        reached = 0.0, None
    result = TrialResult(job.number, job.rung, *reached, round(time.process_time() - began, 2))
    append_result(Path(job.log), result)
    return result


def append_result(path: Path, result: TrialResult) -> None:
    """Add a result to a log as one line of JSON, in one write, so that processes may share the log."""
    # The line break comes first: it ends a line that a killed process left unfinished.
    line = f"\n{json.dumps(asdict(result))}\n".encode()
    log = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o644)
    try:
        os.write(log, line)
        os.fsync(log)
    finally:
        os.close(log)


def read_results(path: Path) -> dict[tuple[int, int], TrialResult]:
    """Return the results in a log by trial number and rung; a line that a killed process left unfinished is skipped."""
    results: dict[tuple[int, int], TrialResult] = {}
    for line in (
        path.read_text(encoding="utf-8", errors="replace").splitlines() if path.is_file() else []
    ):
        try:
            result = TrialResult(**json.loads(line))
        except (ValueError, TypeError):
            continue
        results[result.number, result.rung] = result
    return results


def _some_rows(split: Split, job: TrialJob) -> NDArray[np.int64]:
    """Return the rows of the training split that the rung trains on."""
    labels = np.asarray(split.labels)
    return sample_rows(labels, min(job.num_rows, len(labels)), derived_seed(job.rows_seed, job.rung))
