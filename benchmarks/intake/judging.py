"""Batches judged one at a time, each against the same base."""

import hashlib
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pandas as pd

from benchmarks.intake.batches import Batch, Images, Labels
from litesmith.data.quality.cache import Cache
from litesmith.data.quality.intake import Intake, place_rows
from litesmith.data.quality.judging import judge_intake
from litesmith.data.quality.verdicts import Verdicts
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.form import DataForm


class Base:
    """A base with a given test set, against which batches are judged.

    Args:
        images: Training images, then ``num_test`` test images.
        labels: Of these.
        num_test: Images of the test set.
        dataset: Says what the images are and how they are split.
        params: Thresholds.
        folder: Of a cache; what decides results is in its keys.
    """

    def __init__(
        self,
        images: Images,
        labels: Labels,
        num_test: int,
        dataset: DatasetParams,
        params: ValidateParams,
        folder: Path,
    ) -> None:
        self._images, self._dataset = images, dataset
        self._params, self._cache = params, Cache(folder)
        given = np.where(np.arange(len(labels)) < len(labels) - num_test, "train", "test")
        self._rows = table("base", images, labels, given.tolist())

    def judge(self, batches: Sequence[Batch], by_hand: bool = False) -> Verdicts:
        """Judge batches one after the other; ``by_hand`` accepts all of them, whatever is found."""
        names = [f"batch-{number:03d}" for number in range(len(batches))]
        tables = [
            table(name, batch.images, batch.labels, [""] * len(batch.labels))
            for name, batch in zip(names, batches, strict=True)
        ]
        rows = pd.concat([self._rows, *tables], ignore_index=True)
        sizes = [len(self._rows), *map(len, tables)]
        listed = pd.DataFrame(
            {
                "batch": ["base", *names],
                "digest": ["base", *names],
                "kind": "npz",
                "num_images": sizes,
                "num_unreadable": 0,
            }
        )
        form = DataForm(
            class_names=self._dataset.classes or (),
            **self._dataset.model_dump(
                include={"height", "width", "channels", "fit", "ground", "mirror_safe"}
            ),
        )
        unreadable = pd.DataFrame({"batch": [], "file": [], "reason": []})
        accepted = frozenset(names if by_hand else ())
        images = np.concatenate([self._images, *(batch.images for batch in batches)])
        intake = Intake(form, images, rows, unreadable, listed, accepted)
        places = place_rows(intake, self._dataset.shares, self._dataset.split_seed)
        return judge_intake(intake, places, self._params, self._cache)


def table(batch: str, images: Images, labels: Labels, given: Sequence[str]) -> pd.DataFrame:
    """Return the rows of a batch's images."""
    digests = [hashlib.blake2b(image.tobytes(), digest_size=16).hexdigest() for image in images]
    files = [f"{row}.png" for row in range(len(labels))]
    columns = {"file": files, "label": labels, "group": "", "given": given, "digest": digests}
    return pd.DataFrame({"batch": batch, **columns})
