"""Tests of litesmith.report.sections.data.section."""

import re
from typing import Any

import pytest
from pydantic import ValidationError

from litesmith.records.summary import Changed
from litesmith.records.validate import BatchResult, Left
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
        ("train", "images"), ("test", "images"), ("train", "split"), ("validation", "split"), ("gate", "split"),
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
    assert "<strong>base/train[77]</strong><br>class 1: darkest: mean pixel 0.010" in page


def test_likely_wrong_labels_are_shown() -> None:
    page = data.SECTION.render(report_inputs())
    assert "4\u2009321 of them" in page and "7.0 % do not fit" in page
    assert "<strong>base/train[5]</strong><br>class 1: the judge says class 2, 98 points ahead" in page
    assert "The judge doubts no label." in shown(*VALIDATE, "num_mislabelled", value=0)


def test_images_that_are_left_out_are_counted_and_shown() -> None:
    assert "Nothing was left out." in data.SECTION.render(report_inputs())
    inputs = with_value(
        report_inputs(), *VALIDATE, "left_out", value=(Left(kind="near-copy", num_images=31),)
    )
    odd = inputs.results.validate.thumbnails.suspicious[0]
    lost = odd.model_copy(update={"file": "base/train[9]", "reason": "a near-copy of <test>"})
    page = data.SECTION.render(with_value(inputs, *VALIDATE, "thumbnails", "left_out", value=(lost,)))
    assert "Left out: 31 single images and 0 of 1 batches." in " ".join(page.split())
    assert "31 near-copy. Some of them:" in page
    assert "<strong>base/train[9]</strong><br>class 1: a near-copy of &lt;test&gt;" in page


def batches(num: int) -> tuple[BatchResult, ...]:
    """Return batches of which the last one is left out."""
    fine = report_inputs().results.validate.batches[0]
    named = [fine.model_copy(update={"name": f"week-{number:03}"}) for number in range(num)]
    held = {
        "state": "quarantined",
        "num_unreadable": 3,
        "reasons": ("its brightness <differs>", "few bags"),
    }
    return (*named[:-1], named[-1].model_copy(update=held))


def test_batches_with_a_reason_come_first() -> None:
    inputs = with_value(report_inputs(), *VALIDATE, "batches", value=batches(3))
    section = data.build(inputs)
    assert [batch.name for batch in section.batches] == ["week-002", "week-000", "week-001"]
    page = data.SECTION.render(inputs)
    assert "✗ quarantined" in page and "its brightness &lt;differs&gt;; few bags" in page
    assert "and 1 of 3 batches" in " ".join(page.split())
    assert "more that were accepted" not in page


def test_of_many_batches_some_are_shown() -> None:
    page = data.SECTION.render(with_value(report_inputs(), *VALIDATE, "batches", value=batches(230)))
    assert "And 30 more that were accepted." in page and "week-229" in page


def test_no_odd_image_is_said() -> None:
    assert "No image looked suspicious." in shown(*VALIDATE, "thumbnails", "suspicious", value=())


def test_broken_rules_come_first() -> None:
    inputs = with_value(report_inputs(), *VALIDATE, "rules", 1, "success", value=False)
    names = [rule.name for rule in data.build(inputs).rules]
    assert names == ["label_range", "foreign_labels", "label_noise"]
    page = data.SECTION.render(inputs)
    assert page.index("label range") < page.index("foreign labels") and "✗ broken" in page


def test_validation_that_failed_is_said() -> None:
    assert "✗ Validation failed." in shown(*VALIDATE, "passed", value=False)


@pytest.mark.parametrize(
    "text", ["min 0, max 9", "at most 0.15 do not fit", "60\u2009000", "0.2860", "data&lt;&gt;"]
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
