"""The numbers of a benchmark, which lie in a YAML file beside it."""

from pathlib import Path
from typing import TypeVar

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from litesmith.errors import ParamsError
from litesmith.files import read_yaml
from litesmith.params.section import Section

_MAX_SHOWN = 100

Kind = TypeVar("Kind", bound=Section)


def read_numbers(path: Path, kind: type[Kind]) -> Kind:
    """Return what a benchmark's YAML file holds, checked.

    Raises:
        ParamsError: The file is missing or not YAML, or a number is unknown, missing or out of its
            bounds.
    """
    try:
        return kind.model_validate(read_yaml(path))
    except ValidationError as error:
        raise ParamsError(
            "\n".join([f"{path} cannot be used:", *map(_explain, error.errors())])
        ) from error


def _explain(detail: ErrorDetails) -> str:
    where = ".".join(map(str, detail["loc"])) or "the file"
    message = detail["msg"].removeprefix("Value error, ")
    return f"{where}: {message}, got {str(detail['input'])[:_MAX_SHOWN]}"
