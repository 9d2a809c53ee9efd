"""Tests of litesmith.documents.formats and litesmith.documents.templates."""

import pytest
from jinja2 import UndefinedError

from litesmith.documents.formats import FILTERS, breakable, code
from litesmith.documents.templates import templates


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (breakable("reports/a<b.json"), "reports/<wbr>a&lt;b.json"),
        (breakable("sweep.space.widths"), "sweep.<wbr>space.<wbr>widths"),
        (code("run `a<b` now"), "run <code>a&lt;b</code> now"),
    ],
)
def test_texts_are_marked_up_and_escaped(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize("name", ["amount", "count", "percent", "points", "number", "ms"])
def test_a_quantity_that_does_not_exist_is_a_dash(name: str) -> None:
    assert FILTERS[name](None) == "\u2013"


def test_what_a_template_does_not_get_is_an_error() -> None:
    page = templates().get_template("documents/refusal.html.j2")
    with pytest.raises(UndefinedError, match="is undefined"):
        page.render()


def test_values_are_escaped_in_html_alone() -> None:
    environment = templates()
    assert environment.autoescape("report/page.html.j2") is True
    assert environment.autoescape("documents/notes.md.j2") is False
