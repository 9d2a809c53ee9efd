"""Tests of litesmith.report.sections.data.section."""

import dataclasses
import re

import pytest

from litesmith.documents.formats import NONE
from litesmith.report.inputs import Records
from litesmith.report.records import Absent
from litesmith.report.sections.data import section as data
from tests.litesmith.report.report_inputs import render, report_inputs, with_value, without

pytestmark = pytest.mark.usefixtures("undrawn")


def test_columns_are_files_then_splits_with_bars_by_the_largest_class() -> None:
    inputs = report_inputs()
    results = with_value(inputs.results, "validate", "files", "train", "per_class", 3, value=3_000)
    columns = data.class_columns(Records(dataclasses.replace(inputs, results=results)), 10)
    assert [(one.name, one.kind) for one in columns] == [
        ("train", "file"), ("test", "file"), ("train", "split"), ("validation", "split"), ("gate", "split"),
        ("test", "split"),
    ]  # fmt: skip
    assert (columns[0].share(0), columns[0].share(3)) == (1.0, 0.5)


def test_class_without_picture_says_why() -> None:
    inputs = report_inputs()
    results = without(inputs.results, "validate", "thumbnails", "classes", 0)
    pictures = data.class_pictures(
        Records(dataclasses.replace(inputs, results=results))["validate"]["thumbnails"], 10
    )
    assert (
        isinstance(pictures[0], Absent) and pictures[0].reason == "no picture of the class is recorded"
    )
    assert str(pictures[1]).startswith("data:image/png;base64,iVBOR")


def test_picture_that_is_not_base64_is_not_shown() -> None:
    found = data.address('x" onerror="alert(1)')
    assert isinstance(found, Absent) and found.reason == "the recorded picture is not in Base64"


def test_results_without_thumbnails_are_named() -> None:
    inputs = report_inputs()
    page = render(dataclasses.replace(inputs, results=without(inputs.results, "validate", "thumbnails")))
    assert "Not shown: the results of validate holds no thumbnails." in page


def test_odd_images_are_shown_with_their_reason() -> None:
    page = render(report_inputs())
    assert re.search(r"<strong>train 77</strong><br>class 1: darkest: mean pixel 0.010", page)


def test_no_odd_image_is_said() -> None:
    inputs = report_inputs()
    results = with_value(inputs.results, "validate", "thumbnails", "suspicious", value=[])
    assert "No image looked suspicious." in render(dataclasses.replace(inputs, results=results))


def test_broken_rules_come_first() -> None:
    rules = [
        {"name": "a", "success": True},
        {"name": "b", "success": False},
        {"name": "c", "success": True},
    ]
    assert [rule["name"] for rule in data.broken_first(rules)] == ["b", "a", "c"]


@pytest.mark.parametrize(
    ("value", "expected"),
    [({"min": 0, "max": 9}, "min 0, max 9"), ([0.08, 0.123456789], "0.08, 0.123457"), (None, NONE)],
)
def test_what_a_rule_expected_is_written_in_words(value: object, expected: str) -> None:
    assert data.words(value) == expected
