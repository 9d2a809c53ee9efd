"""How base and batches are read."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Indifferent, Section


class IntakeParams(Section):
    """Reading of base and batches."""

    num_workers: Annotated[
        int, Field(ge=1, le=64, description="Processes that decode pictures."), Indifferent()
    ]
