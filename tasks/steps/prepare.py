"""The step that divides the accepted images into splits."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.files import write_json
from litesmith.params.sections.dataset import KeyedDivision
from litesmith.records.form import DataForm
from litesmith.records.record import read_record, write_record
from tasks import catalog
from tasks.dag.step import Metric, step

if TYPE_CHECKING:
    from litesmith.data.rows import Row

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The images, and which of them their validation accepted."""

    intake: Path = catalog.INTAKE
    verdicts: Path = catalog.VERDICTS


@dataclass(frozen=True)
class Outs:
    """A folder of arrays for each split, their form and summary."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    gate: Path = catalog.GATE
    test: Path = catalog.TEST
    form: Path = catalog.FORM
    metrics: Annotated[Path, Metric()] = catalog.metrics("prepare")
    results: Path = catalog.results("prepare")


@step
def prepare(ins: Ins, outs: Outs, *, dataset: KeyedDivision) -> None:
    """Divide the accepted images into splits by their content.

    Raises:
        DataError: A class has fewer images in a split than the data set asks for.
    """
    import numpy as np

    from litesmith.data.placement import LEFT_OUT, SPLITS, place, require_enough
    from litesmith.data.rows import read_rows, read_verdicts
    from litesmith.data.splits import Split, describe_splits, write_split

    form = read_record(ins.intake / "form.json", DataForm)
    images = np.load(ins.intake / "images.npy", mmap_mode="r", allow_pickle=False)
    every = read_rows(ins.intake / "rows.csv")
    accepted = read_verdicts(ins.verdicts, len(every)) & np.array([row.label >= 0 for row in every])
    ids = np.flatnonzero(accepted).astype(np.int64)
    rows = [every[row] for row in ids]
    shares = dataset.shares.replace(test=0.0) if _has_test_set(every) else dataset.shares
    digests, groups, given = zip(*[(row.digest, row.group, row.given) for row in rows], strict=True)
    places = place(digests, groups, given, shares, dataset.split_seed)
    labels = np.array([row.label for row in rows], np.uint8)
    counts = {
        name: np.bincount(labels[places == split], minlength=form.num_classes)
        for split, name in enumerate(SPLITS)
    }
    require_enough(counts, form.class_names, dataset.min_per_class, f"datasets/{dataset.key}.yaml")
    splits = {}
    for split, (name, folder) in enumerate(zip(SPLITS, _folders(outs), strict=True)):
        chosen = ids[places == split]
        splits[name] = Split(images[chosen], labels[places == split], chosen)
        write_split(folder, splits[name])
        _LOG.info("%s: %d images", name, len(chosen))
    if left_out := int(np.sum(places == LEFT_OUT)):
        _LOG.warning("%d images are left out: copies of test images, or of others", left_out)
    write_record(outs.form, form)
    write_record(outs.results, describe_splits(splits, form.num_classes))
    write_json(outs.metrics, {name: {"num_images": len(split.labels)} for name, split in splits.items()})


def _folders(outs: Outs) -> tuple[Path, ...]:
    """Return the folders in the order of `litesmith.data.placement.SPLITS`."""
    return outs.train, outs.validation, outs.gate, outs.test


def _has_test_set(rows: "list[Row]") -> bool:
    """Tell whether the first source gives a test set."""
    return any(row.given == "test" and row.batch == rows[0].batch for row in rows)
