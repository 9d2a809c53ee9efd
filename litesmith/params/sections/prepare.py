"""How the training images are split."""

from typing import Annotated

from litesmith.params.section import Count, Section, about


class PrepareParams(Section):
    """How the official training images are split."""

    num_validation: Annotated[Count, about("Images that choose hyperparameters.")]
    num_gate: Annotated[Count, about("Images that are held back; no step reads them.")]
