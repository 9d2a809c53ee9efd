"""The numbers of a benchmark, which lie in a YAML file beside it."""

from pathlib import Path
from typing import TypeVar

from litesmith.files import read_yaml
from litesmith.params import Section

Kind = TypeVar("Kind", bound=Section)


def read_numbers(path: Path, kind: type[Kind]) -> Kind:
    """Return what a benchmark's YAML file holds, checked.

    Raises:
        ParamsError: The file is missing or not YAML.
        pydantic.ValidationError: A number is unknown, missing or out of its bounds.
    """
    return kind.model_validate(read_yaml(path))
