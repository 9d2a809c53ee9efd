"""How the training images are split."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Section


class PrepareParams(Section):
    """How the official training images are split."""

    num_validation: Annotated[Count, Field(description="Images that choose hyperparameters.")]
    num_gate: Annotated[Count, Field(description="Images that are held back; no step reads them.")]
