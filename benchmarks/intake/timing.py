"""Seconds and memory that the judgement of a base and many batches takes."""

import resource
import sys
import time
from pathlib import Path

import numpy as np

from benchmarks.intake.batches import Batch, Images, Labels
from benchmarks.intake.judging import Base
from benchmarks.intake.plan import Plan
from litesmith.data.quality.result import check_verdicts, validate_metrics, validate_result
from litesmith.host import cpu_seconds
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.validate import DatasetName


def timed(
    images: Images,
    labels: Labels,
    dataset: DatasetParams,
    params: ValidateParams,
    plan: Plan,
    num_images: int,
    folder: Path,
) -> dict[str, float]:
    """Judge a base and its batches with an empty cache, then one batch more; return what it took.

    A sixth of the base is its test set. The batches are mixtures of two images of a class, since there
    are not so many others; all are accepted by hand, so that the reference is made anew as it grows.
    Reading files is not in it, the checks of Great Expectations and the record of the step are.
    """
    rng = np.random.default_rng(plan.seed)
    num_base = round(plan.timed_base_share * num_images)
    sizes = [plan.timed_batch] * ((num_images - num_base) // plan.timed_batch)
    rows = rng.permutation(len(labels))[:num_base]
    base = Base(images[rows], labels[rows], num_base // 6, dataset, params, folder)
    batches = [_mixture(images, labels, size, rng) for size in [*sizes, plan.timed_batch]]
    result: dict[str, float] = {"images": num_images, "batches": len(sizes)}
    for name, chosen in (("all", batches[:-1]), ("one_more", batches)):
        wall, cpu = time.perf_counter(), cpu_seconds()
        checked = check_verdicts(base.judge(chosen, by_hand=True), params)
        validate_metrics(validate_result(checked, DatasetName(name="timed", synthetic=False), params))
        result |= {
            f"{name}_s": round(time.perf_counter() - wall, 2),
            f"{name}_cpu_s": round(cpu_seconds() - cpu, 2),
        }
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / (
        2**20 if sys.platform == "darwin" else 1024
    )
    return {**result, "peak_memory_mb": round(peak, 1)}


def _mixture(images: Images, labels: Labels, num: int, rng: np.random.Generator) -> Batch:
    """Mix each of some images with another one of its class."""
    first = rng.choice(len(labels), num)
    order = np.argsort(labels, kind="stable")
    starts = np.searchsorted(labels[order], labels[first], "left")
    ends = np.searchsorted(labels[order], labels[first], "right")
    second = order[rng.integers(starts, ends)]
    mixed = 0.7 * images[first].astype(np.float32) + 0.3 * images[second].astype(np.float32)
    return Batch(np.round(mixed).astype(np.uint8), labels[first], np.zeros(num, np.bool_))
