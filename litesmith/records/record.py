"""The base of all records, and their reading and writing."""

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from litesmith.analysis.balance import Balance
from litesmith.errors import DataError
from litesmith.files import read_json, write_json
from litesmith.params.section import about

Kind = TypeVar("Kind", bound="Record")

Count = Annotated[int, Field(ge=0)]
Share = Annotated[float, Field(ge=0, le=1)]
Interval = Annotated[tuple[Share, Share], Field(description="The two ends of a 95 % interval.")]


class Record(BaseModel):
    """Frozen values of a JSON file: all fields and no others."""

    model_config = ConfigDict(frozen=True, strict=True, extra="forbid", allow_inf_nan=False)


class Score(Record):
    """What a model reaches on a split: mean cross-entropy in nats beside the accuracy."""

    accuracy: Share
    loss: float
    balance: Annotated[Balance | None, about("By class; None in a result of an earlier version.")]

    @property
    def figures(self) -> dict[str, float]:
        """The few numbers that tell one run from another."""
        return {"accuracy": self.accuracy, "loss": self.loss, **balance_figures(self.balance)}


def balance_figures(balance: Balance | None) -> dict[str, float]:
    """Return what `Score.figures` has of the classes; nothing where that is not known."""
    if balance is None:
        return {}
    return {
        "balanced_accuracy": balance.accuracy.value,
        "worst_class_recall": balance.worst.recall.value,
    }


class EpochScores(Record):
    """Losses in nats and accuracies of an epoch."""

    epoch: Annotated[Count, about("Counted from 1.")]
    loss: Annotated[float, about("On the changed images while learning, as is ``accuracy``.")]
    accuracy: Share
    val_loss: Annotated[float, about("On validation.")]
    val_accuracy: Share
    learning_rate: Annotated[float, about("At the epoch's last step.")]


def write_record(path: Path, record: Record) -> None:
    """Write a record as indented JSON, in one step as `litesmith.files.replacing` does.

    Raises:
        MachineError: The file cannot be written.
    """
    write_json(path, record.model_dump(mode="json"))


def read_record(path: Path, kind: type[Kind]) -> Kind:
    """Return the record in a file.

    Args:
        path: A file that `write_record` wrote.
        kind: The type of the record.

    Raises:
        DataError: The file is not JSON, or holds another record: which fields are wrong.
        FileNotFoundError: There is no such file.
    """
    read_json(path)  # says what is wrong with the file if it is not JSON
    return parse_record(path.read_bytes(), kind, path.as_posix())


def parse_record(text: str | bytes, kind: type[Kind], where: str) -> Kind:
    """Return the record in a text, in UTF-8.

    Args:
        text: JSON.
        kind: The type of the record.
        where: What to call the text in an error.

    Raises:
        DataError: The text holds another record: which fields are wrong.
    """
    try:
        return kind.model_validate_json(text)
    except ValidationError as error:
        wrong = "; ".join(
            f"{'.'.join(map(str, detail['loc'])) or 'it'}: {detail['msg'].lower()}"
            for detail in error.errors()[:3]
        )
        raise DataError(
            f"{where} is not a {kind.__name__} as this version writes it: {wrong}. "
            "Make it again with the step that writes it, or restore the file."
        ) from error
