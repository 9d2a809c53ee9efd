"""What became of the baseline."""

from litesmith.records.record import Count, Record, Score


class BaselineRecipe(Record):
    """How the baseline was trained."""

    optimizer: str
    learning_rate: float
    batch_size: Count


class BaselineResult(Record):
    """The result of the step ``baseline``.

    Attributes:
        train: On the training split.
        validation: On the validation split.
        num_parameters: Weights of the network.
        keras_bytes: Size of the Keras file.
        macs: Multiply-accumulates for one image.
        epochs: Epochs trained.
        recipe: How it was trained.
    """

    train: Score
    validation: Score
    num_parameters: Count
    keras_bytes: Count
    macs: Count
    epochs: Count
    recipe: BaselineRecipe
