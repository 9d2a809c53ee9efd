"""Training of a trial at a rung, in any process."""

import json
import logging
import os
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from pathlib import Path

import numpy as np

from litesmith.data.splits import Split, read_split, sample_rows
from litesmith.errors import DivergedError
from litesmith.params.sections.network import NetworkSpec
from litesmith.params.sections.recipe import Distillation, Recipe
from litesmith.records.form import DataForm
from litesmith.training.backend import derived_seed, keras, seed_everything, set_threads
from litesmith.training.distillation import read_targets
from litesmith.training.evaluation import evaluate
from litesmith.training.job import TrainingJob
from litesmith.training.loop import train_unwatched
from litesmith.training.networks import build_network

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class TrialJob:
    """Training of a trial at a rung.

    Attributes:
        rung: Counted from 0.
        recipe: Has the epochs of the rung.
        num_rows: Training images to use; all of them if there are fewer.
        rows_seed: Decides which, the same for all trials of a rung.
        seed: Decides everything else that is random.
        train: Folder of the training split.
        validation: Folder of the validation split.
        form: Of the images.
        targets: Folder of the distillation targets of the training split.
        log: File that the result is appended to.
        share_done: Of the search before this job, 0 to 1; for people who wait.
    """

    number: int
    rung: int
    spec: NetworkSpec
    recipe: Recipe
    num_rows: int
    rows_seed: int
    seed: int
    num_threads: int
    train: Path
    validation: Path
    form: DataForm
    targets: Path
    distillation: Distillation
    log: Path
    share_done: float = 0.0


@dataclass(frozen=True)
class TrialResult:
    """Result of a trial at a rung, both as in its `TrialJob`.

    Attributes:
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
    """Train from scratch with a full schedule; log the result.

    Raises:
        MachineError: The process already computes with another number of threads.
    """
    set_threads(job.num_threads)
    split, validation = read_split(job.train), read_split(job.validation)
    labels = np.asarray(split.labels)
    num_rows, rows_seed = min(job.num_rows, len(labels)), derived_seed(job.rows_seed, job.rung)
    rows = sample_rows(labels, num_rows, rows_seed)
    # Only now: the above imports packages in the first trial of a process.
    began = time.process_time()
    keras.backend.clear_session()
    seed_everything(job.seed)
    model = build_network(job.spec, f"trial{job.number}")
    training = Split(split.images[rows], split.labels[rows], split.ids[rows])
    targets, score = read_targets(job.targets, job.distillation, rows), None
    try:
        train_unwatched(
            model, TrainingJob(training, validation, job.form, job.recipe, job.seed, targets)
        )
        score = evaluate(model, validation)
    except DivergedError as error:
        _LOG.warning("%s", error)
    accuracy, loss = (score.accuracy, score.loss) if score else (0.0, None)
    cpu_s = round(time.process_time() - began, 2)
    result = TrialResult(job.number, job.rung, accuracy, loss, cpu_s)
    append_result(job.log, result)
    return result


def append_result(path: Path, result: TrialResult) -> None:
    """Append a line of JSON at once, so processes may share the log."""
    # The line break comes first: it ends a line that a killed process left unfinished.
    line = f"\n{json.dumps(asdict(result))}\n".encode()
    log = os.open(path, os.O_APPEND | os.O_CREAT | os.O_WRONLY, 0o644)
    try:
        os.write(log, line)
        os.fsync(log)
    finally:
        os.close(log)


def read_results(path: Path) -> dict[tuple[int, int], TrialResult]:
    """Return results by trial and rung, without unfinished lines."""
    results: dict[tuple[int, int], TrialResult] = {}
    text = path.read_text(encoding="utf-8", errors="replace") if path.is_file() else ""
    for line in text.splitlines():
        with suppress(ValueError, TypeError):
            result = TrialResult(**json.loads(line))
            results[result.number, result.rung] = result
    return results
