"""What became of the baseline."""

from litesmith.records.record import Count, Record, Score


class BaselineRecipe(Record):
    """How the baseline was trained."""

    optimizer: str
    learning_rate: float
    batch_size: Count


class BaselineResult(Record):
    """The result of the step ``baseline``."""

    train: Score
    validation: Score
    num_parameters: Count
    keras_bytes: Count
    macs: Count
    epochs: Count
    recipe: BaselineRecipe
