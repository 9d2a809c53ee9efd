"""What a run of the whole pipeline needs."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Section

# Of what is longer still, some systems keep no time.
_MONTH_S = 30 * 24 * 3600


class RetrainParams(Section):
    """Needs and time limits of a whole run; change no result."""

    min_disk_gb: Annotated[float, Field(ge=0, description="Free disk below which a run does not begin.")]
    min_memory_gb: Annotated[
        float, Field(ge=0, description="Free memory below which a run does not begin.")
    ]
    reach_s: Annotated[
        float, Field(gt=0, le=30, description="Seconds to find out whether any source answers.")
    ]
    stage_limit_s: Annotated[
        float, Field(gt=0, le=_MONTH_S, description="Seconds after which a stage is killed.")
    ]
    max_archived: Annotated[
        int, Field(ge=1, le=1000, description="Runs whose record and page are kept, the last ones.")
    ]
