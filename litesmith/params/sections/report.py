"""How much the report shows."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Section


class ReportParams(Section):
    """How much the report shows."""

    max_thumbnails: Annotated[
        int, Field(ge=0, le=500, description="Pictures of mistakes, the surest first.")
    ]
    max_pairs: Annotated[
        int, Field(ge=0, description="Pairs of confused classes, the most frequent first.")
    ]
    pair_pictures: Annotated[
        int, Field(ge=0, le=50, description="Pictures for each pair, the surest first.")
    ]
    calibration_bins: Annotated[
        int, Field(ge=2, le=100, description="Bins of equal width from confidence 0 to 1.")
    ]
    importance_shuffles: Annotated[
        int,
        Field(
            ge=1, le=1000, description="Shuffled outcomes that tell what importance chance alone brings."
        ),
    ]
    profile: Annotated[
        str | None, Field(description="What these parameters were made with; a workspace fills it in.")
    ]
