"""Tests of litesmith.documents.formats and litesmith.documents.templates."""

import pytest
from jinja2 import UndefinedError

from litesmith.documents.formats import FILTERS, amount, breakable, code, count, plainly, points, times
from litesmith.documents.templates import templates


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (amount(65_536.0), "65\u2009536"),
        (amount(0.25), "0.250"),
        (breakable("reports/a<b.json"), "reports/<wbr>a&lt;b.json"),
        (breakable("sweep.space.widths"), "sweep.<wbr>space.<wbr>widths"),
        (code("run `a<b` now"), "run <code>a&lt;b</code> now"),
        (count(1234567), "1\u2009234\u2009567"),
        (points(-0.0126), "\u22121.26"),
        (points(-0.000001), "0.00"),
        (times(2.0, "smaller"), "2.0 times smaller"),
        (times(0.5, "smaller"), "2.0 times larger"),
        (times(0.5, "faster"), "2.0 times slower"),
        (times(1.01, "faster"), "the same"),
    ],
)
def test_numbers_are_written_for_reading(written: str, expected: str) -> None:
    assert written == expected


@pytest.mark.parametrize("name", ["amount", "count", "percent", "points", "number", "ms"])
def test_a_quantity_that_does_not_exist_is_a_dash(name: str) -> None:
    assert FILTERS[name](None) == "\u2013"


@pytest.mark.parametrize(
    ("value", "written"), [(True, "yes"), (False, "no"), (0.1 + 0.2, "0.3"), (3, "3"), ("a", "a")]
)
def test_a_value_of_any_kind_is_written_plainly(value: bool | float | str, written: str) -> None:
    assert plainly(value) == written


def test_what_a_template_does_not_get_is_an_error() -> None:
    page = templates().get_template("documents/refusal.html.j2")
    with pytest.raises(UndefinedError, match="is undefined"):
        page.render()


def test_values_are_escaped_in_html_alone() -> None:
    environment = templates()
    assert environment.autoescape("report/page.html.j2") is True
    assert environment.autoescape("documents/notes.md.j2") is False
