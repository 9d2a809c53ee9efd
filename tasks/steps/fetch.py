"""The step that fetches the base of the data set."""

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from litesmith.params.sections.dataset import Origin
from litesmith.params.sections.fetch import FetchParams
from tasks import catalog
from tasks.dag.step import MaybeEmpty, step


@dataclass(frozen=True)
class Ins:
    """Nothing: the sources are named by the data set."""


@dataclass(frozen=True)
class Outs:
    """The base as it was published, the same whatever the source."""

    raw: Annotated[Path, MaybeEmpty()] = catalog.RAW


@step
def fetch(params: FetchParams, ins: Ins, outs: Outs, *, dataset: Origin) -> None:
    """Fetch the base of the data set, if it has one.

    Raises:
        SourcesError: No source served; says what went wrong with each.
        DataError: The folder or file that is the base is missing.
        MachineError: The files cannot be written.
    """
    from litesmith.data.download import fetch_base

    # The library logs each retry itself, in words for people.
    logging.getLogger("urllib3.connectionpool").setLevel(logging.ERROR)
    outs.raw.mkdir(parents=True)
    fetch_base(params, dataset, outs.raw)
