"""What is measured in processes of their own, each a command that prints JSON."""

import shutil
import tempfile
from pathlib import Path

import numpy as np

from benchmarks.intake.batches import Images, Labels, Source
from benchmarks.intake.draws import single_images, sound_batches, whole_batches
from benchmarks.intake.judging import Base
from benchmarks.intake.plan import Plan
from benchmarks.intake.timing import timed
from litesmith.data.formats.idx import read_pair
from litesmith.data.sources import idx_pairs
from litesmith.host import cpu_seconds
from litesmith.params.loading import read_params
from tasks import catalog

WORK = Path(".litesmith/intake-benchmark")


def measure_draws(raw: Path, plan: Plan) -> dict[str, object]:
    """Judge all draws; ``raw`` is the folder of the four IDX files."""
    began = cpu_seconds()
    images, labels, num_test = _read(raw)
    params = read_params(catalog.PARAMS)
    num_train, num_classes = len(labels) - num_test, int(labels.max()) + 1
    pool, test = slice(plan.num_base, num_train), slice(num_train, None)
    source = Source(images[pool], labels[pool], images[test], labels[test], num_classes)
    kept = np.r_[0 : plan.num_base, num_train : len(labels)]
    shutil.rmtree(WORK, ignore_errors=True)
    base = Base(images[kept], labels[kept], num_test, params.dataset, params.validate_, WORK)
    measured: dict[str, object] = {
        "sound": sound_batches(base, source, plan),
        "whole": whole_batches(base, source, plan),
        "single": single_images(base, source, plan),
    }
    return {"cpu_s": round(cpu_seconds() - began, 1), **measured}


def measure_time(raw: Path, plan: Plan, num_images: int) -> dict[str, float]:
    """Judge ``num_images`` images with an empty cache, and a batch more."""
    images, labels, _ = _read(raw)
    params = read_params(catalog.PARAMS)
    with tempfile.TemporaryDirectory() as folder:
        own = params.dataset, params.validate_, plan, num_images, Path(folder)
        return timed(images, labels, *own)


def _read(raw: Path) -> tuple[Images, Labels, int]:
    """Return training images, then test images, their labels, and the number of the latter."""
    parts = [read_pair(*paths) for paths in idx_pairs(raw).values()]
    images = np.concatenate([part for part, _ in parts])
    labels = np.concatenate([labels for _, labels in parts]).astype(np.int64)
    return images.reshape(*images.shape[:3], -1), labels, len(parts[1][1])
