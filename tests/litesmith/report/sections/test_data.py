"""Tests of litesmith.report.sections.data.section."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from litesmith.records.summary import Changed
from litesmith.report.sections.data import section as data
from tests.litesmith.report.report_inputs import report_inputs, with_value, without

VALIDATE = ("results", "validate")


def shown(*path: Any, value: Any) -> str:
    """Return the section as HTML, of complete inputs with another value."""
    return data.SECTION.render(with_value(report_inputs(), *path, value=value))


def test_columns_are_files_then_splits_with_bars_by_the_largest_class() -> None:
    inputs = with_value(report_inputs(), *VALIDATE, "files", "train", "per_class", 3, value=3_000)
    columns = data.class_columns(inputs)
    assert [(column.name, column.kind) for column in columns] == [
        ("train", "file"), ("test", "file"), ("train", "split"), ("validation", "split"), ("gate", "split"),
        ("test", "split")
    ]  # fmt: skip
    assert [(cell.count, cell.share) for cell in map(columns[0].cell, (0, 3))] == [
        (6_000, 1.0), (3_000, 0.5)
    ]  # fmt: skip


def test_split_without_images_has_empty_bars() -> None:
    assert data.Column("gate", "split", (0, 0)).cell(1) == data.Cell(0, 0.0)


def test_class_without_picture_says_so() -> None:
    inputs = without(report_inputs(), *VALIDATE, "thumbnails", "classes", 0)
    first, second, *_ = data.build(inputs).classes
    assert first.picture is None and str(second.picture).startswith("iVBOR")
    assert re.search(r"T-shirt/top</th><td>none</td>", data.SECTION.render(inputs))


def test_picture_that_is_not_base64_is_refused() -> None:
    path = (*VALIDATE, "thumbnails", "classes", 0, "image")
    with pytest.raises(ValidationError, match="should match pattern"):
        with_value(report_inputs(), *path, value='x" onerror="alert(1)')


def test_odd_images_are_shown_with_their_reason() -> None:
    page = data.SECTION.render(report_inputs())
    assert re.search(r"<strong>train 77</strong><br>class 1: darkest: mean pixel 0.010", page)


def test_no_odd_image_is_said() -> None:
    assert "No image looked suspicious." in shown(*VALIDATE, "thumbnails", "suspicious", value=())


def test_broken_rules_come_first() -> None:
    inputs = with_value(report_inputs(), *VALIDATE, "rules", 1, "success", value=False)
    names = [rule.name for rule in data.build(inputs).rules]
    assert names == ["class_balance", "label_range", "near_empty_images"]
    page = data.SECTION.render(inputs)
    assert page.index("class balance") < page.index("label range") and "✗ broken" in page


def test_validation_that_failed_is_said() -> None:
    assert "✗ Validation failed." in shown(*VALIDATE, "passed", value=False)


@pytest.mark.parametrize(
    "text", ["min 0, max 9", "share 0.08, 0.12", "60\u2009000", "0.2860", "data&lt;&gt;"]
)
def test_rules_and_statistics_are_shown_as_text(text: str) -> None:
    assert text in shown(*VALIDATE, "rules", 0, "observed", value="data<>")


def test_what_is_not_as_in_the_reference_is_listed(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "data-since" not in data.SECTION.render(report_inputs())
    changes = (Changed(name="train file: images", now="60000", before=None),)

    class Since:
        data = changes

    monkeypatch.setattr(data, "since_reference", lambda _: Since)
    assert re.search(
        r"train file: images</th><td class=\"hash\">60000</td><td class=\"hash\">not there<",
        data.SECTION.render(report_inputs()),
    )
    Since.data = ()
    assert "The same: number, mean and deviation" in data.SECTION.render(report_inputs())
