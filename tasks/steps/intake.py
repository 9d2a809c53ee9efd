"""The step that reads base and batches."""

import logging
from dataclasses import dataclass
from pathlib import Path

from litesmith.params.sections.dataset import KeyedForm
from litesmith.params.sections.fetch import IntakeParams
from tasks import catalog
from tasks.dag.step import step

_LOG = logging.getLogger(__name__)


@dataclass(frozen=True)
class Ins:
    """The base, the batches, and their list as it was before; see `tasks.steps.arrivals`."""

    raw: Path = catalog.RAW
    incoming: Path = catalog.INCOMING
    arrivals: Path = catalog.ARRIVALS


@dataclass(frozen=True)
class Outs:
    """All readable images in one form, and tables of them."""

    intake: Path = catalog.INTAKE


@step
def intake(params: IntakeParams, ins: Ins, outs: Outs, *, dataset: KeyedForm, cache: Path) -> None:
    """Read base and batches, and bring their images to one form.

    Raises:
        DataError: The base cannot be read, or there is no image at all.
        MachineError: A file may not be read, or memory or disk does not hold the images.
    """
    from litesmith.data.intake import Decoder, take_in

    decoder = Decoder(cache, dataset, params.num_workers)
    batches = take_in(ins.raw, ins.incoming / dataset.key, outs.intake, dataset, decoder)
    _LOG.info("read %s", ", ".join(batch.name for batch in batches[:3]))
    if len(batches) > 3:
        _LOG.info("and %d more, up to %s", len(batches) - 3, batches[-1].name)
