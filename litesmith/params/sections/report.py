"""How much the report shows."""

from typing import Annotated

from litesmith.params.section import Section, about


class ChangedPictures(Section):
    """How many images the page shows that two models answer differently."""

    max_changed: Annotated[
        int, about("Pictures of regressed images, and as many of repaired ones.", ge=0, le=100)
    ]


class ReportParams(ChangedPictures):
    """How much the report shows."""

    max_thumbnails: Annotated[int, about("Pictures of mistakes, the surest first.", ge=0, le=500)]
    max_pairs: Annotated[int, about("Pairs of confused classes, the most frequent first.", ge=0)]
    pair_pictures: Annotated[int, about("Pictures for each pair, the surest first.", ge=0, le=50)]
    max_classes: Annotated[
        int, about("Classes in confusion matrices and figures, those with the most mistakes.", ge=2)
    ]
    data: Annotated[
        str | None, about("Data set in use if not the project's own; a workspace fills it in.")
    ]
    profile: Annotated[str | None, about("Profiles in use; a workspace fills it in.")]
