"""Workspace for tests of the training steps: small splits, and parameters for seconds."""

import shutil
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.data.splits import Split, write_split
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.everything import Params
from litesmith.params.loading import DATASETS, DEVICES, overlaid, parse_params, pinned
from litesmith.params.sections.recipe import Augmentation
from litesmith.records.record import write_record
from litesmith.training.distillation import write_targets
from tasks import catalog
from tests.litesmith import make_tiny
from tests.litesmith.make_tiny import tiny_form

SMALL = {
    "baseline": {
        "conv_widths": [4, 8],
        "dense_width": 8,
        "epochs": 2,
        "batch_size": 32,
        "learning_rate": 0.01,
    },
    "teach": {
        "num_views": 2,
        "network": {"stem_width": 4, "stage_widths": [8], "stage_blocks": [1]},
        "recipe": {"epochs": 2, "batch_size": 32, "refresh_rows": 60},
    },
    "sweep": {
        "num_trials": 2,
        "batch_trials": 2,
        "startup_trials": 2,
        "rungs": [{"num_images": 60, "num_rows": 60}, {"num_images": 120, "num_rows": 120}],
        "space": {"widths": [8], "depths": [1], "stem_kernel_sizes": [3], "batch_sizes": [32]},
        "schedule": {"refresh_rows": 60},
        "full": {"min_epochs": 2, "max_epochs": 2},
    },
    "prune": {
        "recipe": {"epochs": 1, "batch_size": 32, "refresh_rows": 60},
        "pruning": {"frequency": 2, "min_weights": 100},
    },
    "quantize": {
        "clustering": {"num_clusters": 8, "min_weights": 100},
        "recipe": {"epochs": 1, "batch_size": 32, "refresh_rows": 60},
    },
}


def small_params() -> Params:
    """Return the project's parameters with small values."""
    root = Path(__file__).parents[3]
    content: dict[str, Any] = read_yaml(root / catalog.PARAMS)
    return parse_params(overlaid(pinned(content, root), SMALL), root)


def small_splits(folder: Path) -> None:
    """Write train and validation splits of 16 x 16 images, which the baseline can pool twice."""
    for path, num_images, seed in ((catalog.TRAIN, 150, 1), (catalog.VALIDATION, 60, 2)):
        images, labels = make_tiny.images(num_images, seed)
        large = np.kron(images, np.ones((1, 2, 2, 1), np.uint8))
        write_split(folder / path, Split(large, labels, np.arange(num_images)))


def small_targets(folder: Path, *seeds: int) -> None:
    """Write random distillation targets of the training split, one view for each seed."""
    answers = np.random.default_rng(1).normal(size=(len(seeds), 150, 3)).astype(np.float16)
    write_targets(
        folder / catalog.TARGETS,
        answers,
        Augmentation(max_shift_px=1, flip=True, erase_share=0.2, erase_px=(2, 4)),
        seeds,
    )


def in_small_workspace(folder: Path, patch: pytest.MonkeyPatch) -> Params:
    """Go to ``folder`` with small splits and small parameters in it, and return the latter.

    TensorFlow fixes the number of threads once, and other tests ran in this process: it stays as it is.
    """
    patch.setattr("litesmith.training.backend.set_threads", lambda _: None)
    patch.setattr("litesmith.search.trial.set_threads", lambda _: None)
    patch.chdir(folder)
    small_splits(folder)
    write_record(folder / catalog.FORM, tiny_form(16))
    small_targets(folder)
    params = small_params()
    content = {**params.model_dump(mode="json", by_alias=True), "device": params.device.name}
    content["dataset"] = params.dataset.key
    write_text(catalog.PARAMS, yaml_text(content))
    shutil.copytree(Path(__file__).parents[3] / DEVICES, DEVICES)
    shutil.copytree(Path(__file__).parents[3] / DATASETS, DATASETS)
    # What the data set pins is in the parameters, under the small values.
    file = DATASETS / f"{params.dataset.key}.yaml"
    write_text(file, yaml_text({**read_yaml(file), "thresholds": None, "sweep": None}))
    return params


def read_columns(path: Path) -> list[str]:
    """Return the names of a table's columns."""
    return path.read_text(encoding="utf-8").splitlines()[0].split(",")


HISTORY_COLUMNS = ["epoch", "loss", "accuracy", "val_loss", "val_accuracy", "learning_rate"]
