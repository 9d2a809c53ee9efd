"""The step that splits the raw images and packs them."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from litesmith.files import write_json
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.prepare import PrepareParams
from litesmith.records.form import DataForm
from litesmith.records.record import write_record
from tasks import catalog
from tasks.dag.step import Metric, step

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The raw files, and the result of their passed validation."""

    raw: Path = catalog.RAW
    validated: Path = catalog.results("validate")


@dataclass(frozen=True)
class Outs:
    """A folder of arrays for each split, and their summary."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    gate: Path = catalog.GATE
    test: Path = catalog.TEST
    form: Path = catalog.FORM
    metrics: Annotated[Path, Metric()] = catalog.metrics("prepare")
    results: Path = catalog.results("prepare")


@step
def prepare(params: PrepareParams, ins: Ins, outs: Outs, *, dataset: DatasetParams, seed: int) -> None:
    """Split the training images, and pack the test images apart.

    Raises:
        DataError: A raw file cannot be read, or a pair of them does not fit.
        ParamsError: The splits are larger than the training images, or too small to hold every class.
    """
    import numpy as np

    from litesmith.data.formats.idx import read_pair
    from litesmith.data.sources import idx_pairs
    from litesmith.data.splits import Split, describe_splits, split_rows, write_split

    (images, labels), (test_images, test_labels) = (
        read_pair(*files) for files in idx_pairs(ins.raw).values()
    )
    sizes = {"validation": params.num_validation, "gate": params.num_gate}
    rows = split_rows(labels, sizes, rest="train", seed=seed)
    images, test_images = images[..., None], test_images[..., None]
    splits = {name: Split(images[chosen], labels[chosen], chosen) for name, chosen in rows.items()}
    splits["test"] = Split(test_images, test_labels, np.arange(len(test_labels), dtype=np.int64))
    folders = {"train": outs.train, "validation": outs.validation, "gate": outs.gate, "test": outs.test}
    for name, split in splits.items():
        write_split(folders[name], split)
        _LOG.info("%s: %d images", name, len(split.labels))
    classes = dataset.classes or tuple(str(label) for label in range(int(labels.max()) + 1))
    form = DataForm(
        class_names=classes,
        **dataset.model_dump(include={"height", "width", "channels", "fit", "ground", "mirror_safe"}),
    )
    write_record(outs.form, form)
    write_record(outs.results, describe_splits(splits, form.num_classes))
    write_json(outs.metrics, {name: {"num_images": len(split.labels)} for name, split in splits.items()})
