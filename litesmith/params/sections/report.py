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
    profile: Annotated[
        str | None, Field(description="What these parameters were made with; a workspace fills it in.")
    ]
