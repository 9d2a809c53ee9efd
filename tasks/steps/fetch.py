"""The step that fetches the raw files."""

import logging
from dataclasses import dataclass
from pathlib import Path

from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.fetch import FetchParams
from tasks import catalog
from tasks.dag.step import step


@dataclass(frozen=True)
class Ins:
    """Nothing: the sources are named by the parameters."""


@dataclass(frozen=True)
class Outs:
    """The four raw files, the same whatever the source."""

    train_images: Path = catalog.RAW_TRAIN_IMAGES
    train_labels: Path = catalog.RAW_TRAIN_LABELS
    test_images: Path = catalog.RAW_TEST_IMAGES
    test_labels: Path = catalog.RAW_TEST_LABELS


@step
def fetch(params: FetchParams, ins: Ins, outs: Outs, *, dataset: DatasetParams) -> None:
    """Fetch the IDX files from the first source with all.

    Raises:
        SourcesError: No source served; says what went wrong with each.
        MachineError: The files cannot be written.
    """
    from dataclasses import asdict

    from litesmith.data.download import fetch_files

    # The library logs each retry itself, in words for people.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    fetch_files(params, dataset, asdict(outs))
