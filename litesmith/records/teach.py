"""What became of the teachers."""

from typing import Annotated

from litesmith.params.section import about
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Count, Record, Score


class TeachResult(Record):
    """The result of the step ``teach``."""

    num_teachers: Count
    num_views: Annotated[Count, about("Ways in which the training images were changed and answered.")]
    validation: dict[str, Score]
    num_parameters: Annotated[tuple[Count, ...], about("Weights of each teacher.")]
    recipe: Recipe
