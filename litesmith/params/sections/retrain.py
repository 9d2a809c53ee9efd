"""What a run of the whole pipeline needs."""

from typing import Annotated, Literal

from pydantic import Field

from litesmith.params.section import Section, about

# Of what is longer still, some systems keep no time.
_MONTH_S = 30 * 24 * 3600


class RetrainParams(Section):
    """Needs and limits of a whole run, and what follows it.

    They change no result.
    """

    min_disk_gb: Annotated[float, about("Free disk below which a run does not begin.", ge=0)]
    min_memory_gb: Annotated[float, about("Free memory below which a run does not begin.", ge=0)]
    reach_s: Annotated[float, about("Seconds to find out whether any source answers.", gt=0, le=30)]
    stage_limit_s: Annotated[float, about("Seconds after which a stage is killed.", gt=0, le=_MONTH_S)]
    max_archived: Annotated[
        int, about("Latest runs whose record and page stay, and refused packages.", ge=1, le=1000)
    ]
    promote: Annotated[
        Literal["never", "when decided"], about("Whether a run puts its model in service by itself.")
    ]
    notify: Annotated[
        str | None,
        Field(
            pattern=r"^[a-z0-9-]+/[a-z0-9-]+$",
            description="Prefect's block that is told of each decision, TYPE/NAME; null for none.",
        ),
    ]
