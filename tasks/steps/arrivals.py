"""The step that lists the batches.

DVC records the folder of the batches as it stands when a step ends. A batch that arrives while `intake`
reads would count as read, and never be looked at. This list is recorded before `intake` begins: whatever
arrives later makes this step stale, and with its list `intake`. What arrives while this step itself ends
is there when `intake` fixes its own list.
"""

import csv
import logging
from dataclasses import dataclass
from pathlib import Path

from litesmith.errors import DataError
from litesmith.files import replacing
from litesmith.params.sections.dataset import Keyed
from tasks import catalog
from tasks.dag.step import step

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The batches of all data sets, a folder each."""

    incoming: Path = catalog.INCOMING


@dataclass(frozen=True)
class Outs:
    """Name, kind and digest of each batch of this data set."""

    arrivals: Path = catalog.ARRIVALS


@step
def arrivals(ins: Ins, outs: Outs, *, dataset: Keyed) -> None:
    """List the batches that have arrived.

    Raises:
        DataError: The batches that git knows of are not here.
        MachineError: A batch may not be read.
    """
    from litesmith.data.batches import find_batches

    folder = ins.incoming / dataset.key
    versions = folder.with_name(f"{folder.name}.dvc")
    if versions.is_file() and not folder.is_dir():
        raise DataError(
            f"{versions} records batches, and {folder} is missing. Get them with `dvc pull {versions}`, "
            f"or `dvc checkout {versions}` if DVC's cache has them."
        )
    batches = find_batches(folder)
    with replacing(outs.arrivals) as new, new.open("w", encoding="utf-8", newline="") as stream:
        writer = csv.writer(stream, lineterminator="\n")
        writer.writerow(["batch", "kind", "digest"])
        writer.writerows([batch.name, batch.kind, batch.digest] for batch in batches)
    _LOG.info("%d batches in %s", len(batches), folder)
    for batch in (batch for batch in batches if batch.kind == "folder"):
        _LOG.info(
            "%s is a folder: `python -m tasks add` packs one into a file, which DVC hashes faster",
            batch.path,
        )
