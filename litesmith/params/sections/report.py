"""How much the report shows."""

from typing import Annotated

from litesmith.params.section import Section, about


class DataChoice(Section):
    """The data set that commands on pages are for."""

    data: Annotated[
        str | None, about("Data set in use if not the project's own; a workspace fills it in.")
    ]


class JudgePages(DataChoice):
    """What pages of a decision show."""

    max_changed: Annotated[
        int, about("Pictures of regressed images, and as many of repaired ones.", ge=0, le=100)
    ]


class ReportParams(JudgePages):
    """How much the report shows."""

    max_thumbnails: Annotated[int, about("Pictures of mistakes, the surest first.", ge=0, le=500)]
    max_pairs: Annotated[int, about("Pairs of confused classes, the most frequent first.", ge=0)]
    pair_pictures: Annotated[int, about("Pictures for each pair, the surest first.", ge=0, le=50)]
    max_classes: Annotated[
        int, about("Classes in confusion matrices and figures, those with the most mistakes.", ge=2)
    ]
    profile: Annotated[str | None, about("Profiles in use; a workspace fills it in.")]
