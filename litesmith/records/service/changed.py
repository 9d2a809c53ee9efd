"""Images that the candidate answers unlike the file in service."""

from typing import Annotated

from litesmith.params.section import about
from litesmith.records.record import Count, Record, Share


class ChangedImage(Record):
    """A gate image that one of two files alone got right."""

    row: Annotated[Count, about("In the tables of intake.")]
    label: Annotated[Count, about("True class.")]
    released: Annotated[Count, about("Class that the file in service gave.")]
    candidate: Count
    released_confidence: Annotated[Share, about("Probability of the class that it gave.")]
    candidate_confidence: Share
    moved: Annotated[
        float, about("Probability of the true class by the candidate minus that by the other.")
    ]
    image: Annotated[str, about("As it is in the data: a PNG in Base64.")]


class ChangedImages(Record):
    """Some of the images whose answer changed; none where two files cannot be compared.

    Those whose true class lost or gained the most probability, and of equals the first. The decision
    counts all of them.
    """

    regressed: Annotated[tuple[ChangedImage, ...], about("Right in service, wrong by the candidate.")]
    repaired: Annotated[tuple[ChangedImage, ...], about("The other way round.")]
