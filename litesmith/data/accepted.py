"""What persons accepted of the batches that validation left out."""

from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

from pydantic import Field, TypeAdapter, ValidationError

from litesmith.errors import DataError
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.section import about
from litesmith.records.record import Record

_HEADER = """\
# Batches that a person accepted although validation left them out. `python -m tasks accept` writes this.
"""


class AcceptedBatch(Record):
    """A batch with who accepted it, when and why."""

    digest: Annotated[str, Field(pattern="^[0-9a-f]{32}$", description="As in the list of batches.")]
    data: Annotated[str, about("Name of the data set.")]
    batch: Annotated[str, about("Name of the batch.")]
    why: str
    who: str
    when: Annotated[str, about("In UTC.")]


_LIST = TypeAdapter(list[AcceptedBatch])


def read_accepted(path: Path) -> tuple[AcceptedBatch, ...]:
    """Return the accepted batches in a file, in their order.

    Raises:
        DataError: It does not hold such a list.
        ParamsError: It is missing or not YAML.
    """
    try:
        return tuple(_LIST.validate_python(read_yaml(path)))
    except ValidationError as error:
        wrong = " ".join(" ".join(str(error).splitlines()[1:3]).split())
        raise DataError(
            f"{path} does not list accepted batches: {wrong}. Restore it with "
            f"`git checkout -- {path}`, and accept batches with `python -m tasks accept`."
        ) from error


def write_accepted(path: Path, batches: Iterable[AcceptedBatch]) -> None:
    """Write accepted batches, in one step.

    Raises:
        MachineError: The file cannot be written.
    """
    listed = [batch.model_dump(mode="json") for batch in batches]
    write_text(path, _HEADER + (yaml_text(listed, width=100) if listed else "[]\n"))
