"""Tests of litesmith.report.svg."""

import re
import xml.etree.ElementTree as ElementTree

from matplotlib import rc_context

from litesmith.report.svg import PALETTE, STYLE, one_axes, svg_text


@rc_context(STYLE)
def svg(name: str = "costs") -> str:
    figure, axes = one_axes("Cost of $5", "seconds", "<steps>")
    axes.plot([0, 1], [0, 1], color=PALETTE[0], marker="o", label="a")
    return svg_text(figure, name, "A <line> & more")


def test_title_and_axes_stand_there_as_text() -> None:
    for word in ("Cost of $5", "seconds", "&lt;steps&gt;"):
        assert f">{word}</text>" in svg()


def test_svg_is_the_same_each_time() -> None:
    assert svg() == svg()


def test_svg_is_well_formed_escaped_and_described() -> None:
    root = ElementTree.fromstring(svg())
    title = root[0]
    assert title.text == "A <line> & more"
    assert root.get("aria-labelledby") == title.get("id") == "costs-alt"


def test_svg_holds_no_date_no_font_and_nothing_from_elsewhere() -> None:
    text = svg()
    assert not re.search(r"<metadata|font-family|<!--|DejaVu|\d{4}-\d\d-\d\d", text)
    assert set(re.findall(r'https?://[^"]+', text)) == {"http://www.w3.org/2000/svg"}


def test_svg_ids_bear_its_name_and_all_pointers_find_one() -> None:
    text = svg("accuracy")
    ids = re.findall(r' id="([^"]+)"', text)
    pointed = set(re.findall(r'(?:href="#|url\(#|aria-labelledby=")([^")]+)', text))
    assert len(ids) == len(set(ids)) and all(one.startswith("accuracy-") for one in ids)
    assert pointed == set(ids)


def test_svg_leaves_colours_to_the_page() -> None:
    text = svg()
    assert "var(--series-1)" in text and "var(--ink)" in text
    assert not re.search("#[0-9a-f]{6}", text)


def test_what_a_user_says_of_all_figures_changes_none() -> None:
    before = svg()
    with rc_context(
        {
            "axes.labelpad": 40,
            "lines.markersize": 30,
            "xtick.direction": "in",
            "font.family": "monospace",
        }
    ):
        assert svg() == before
