"""What became of the teachers."""

from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Count, Record, Score


class TeachResult(Record):
    """The result of the step ``teach``.

    Attributes:
        num_views: Ways in which the training images were changed and answered.
        num_parameters: Weights of each teacher.
    """

    num_teachers: Count
    num_views: Count
    validation: dict[str, Score]
    num_parameters: tuple[Count, ...]
    recipe: Recipe
