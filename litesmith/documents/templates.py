"""The environment of all templates."""

from functools import cache
from pathlib import Path

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from litesmith.documents.formats import FILTERS

_LIBRARY = Path(__file__).parents[1]


@cache
def templates(folder: Path = _LIBRARY) -> Environment:
    """Return the environment that finds templates by their path below a folder.

    Values are escaped in templates of HTML, and a name that is not defined is an error.
    """
    environment = Environment(
        loader=FileSystemLoader(folder),
        autoescape=lambda name: name is not None and name.endswith(".html.j2"),
        trim_blocks=True,
        lstrip_blocks=True,
        keep_trailing_newline=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(FILTERS)
    return environment


def page_style() -> str:
    """Return the style sheet of the pages."""
    return (_LIBRARY / "report/page.css").read_text(encoding="utf-8")
