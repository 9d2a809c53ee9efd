"""Tests of litesmith.report.sections.device.section."""

from litesmith.report.sections.device.section import SECTION, build
from tests.litesmith.report.report_inputs import FINAL, report_inputs, with_value


def test_columns_bear_their_unit_and_values_are_read_in_their_order() -> None:
    micro, neural = build(report_inputs()).tables
    assert [column.label for column in micro.measured.columns] == [
        "Arena, bytes", "Records that stay, bytes", "Activations and scratch, bytes"
    ]  # fmt: skip
    assert micro.rows[FINAL] == ("60\u2009000", "5\u2009000", "55\u2009000")
    assert neural.rows[FINAL] == ("21\u2009360", "70\u2009352", "118\u2009050", "0.236", "0")
    assert [file for file, values in micro.rows.items() if not values] == ["tuned-int4"]


def test_limit_that_is_broken_is_shown_with_its_share() -> None:
    inputs = report_inputs()
    check = inputs.limits[0].model_copy(update={"measured": 150_000, "met": False})
    page = SECTION.render(with_value(inputs, "results", "evaluate", "limits", value=(check,)))
    (card,) = (part for part in page.split("<li>") if "int8 file, bytes" in part)
    assert ", 150&nbsp;%" in card and "✗ " in card and "over the limit</p>" in card
    assert card.index("✗ ") < card.index("int8 file")  # the mark first, also on a phone
    assert f'<tr class="chosen"><th scope="row">{FINAL}</th>' in page
