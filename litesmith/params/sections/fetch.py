"""How published files are downloaded, and how base and batches are read."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Indifferent, Section, about


class FetchParams(Section):
    """Tries and time limits of a download."""

    attempts: Annotated[int, about("Tries for each file at each address.", ge=1, le=20)]
    backoff_s: Annotated[
        float,
        about("Seconds before the second try, then doubled; a server may ask for more.", ge=0, le=60),
    ]
    timeout_s: Annotated[float, about("Seconds of silence after which a try has failed.", gt=0, le=3600)]


class IntakeParams(Section):
    """Reading of base and batches."""

    num_workers: Annotated[
        int, Field(ge=1, le=64, description="Processes that decode pictures."), Indifferent()
    ]
