"""One import of Great Expectations serves all tests here; it takes a few seconds."""

import base64
import io
import re
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from litesmith.records.validate import DatasetName
from tests.litesmith.data.quality.sets import base, draw
from tests.litesmith.data.quality.test_result import checked

pytestmark = pytest.mark.slow
IMAGES = np.random.default_rng(0).integers(0, 256, (60, 4, 5, 1), dtype=np.uint8)
SET = DatasetName(name="Set", synthetic=False)


def finding(
    name: str, severity: str = "critical", rows: tuple[int | None, ...] = (), **more: str
) -> Any:
    from litesmith.data.quality.rules import Finding, Offender

    value = more.get("value", "label: 10")
    return Finding.model_validate({
        "name": name,
        "severity": severity,
        "table": "images",
        "success": False,
        "expected": "labels from 0 to 9",
        "observed": "0 to 10",
        "num_unexpected": len(rows),
        "offenders": (),
        "rows": tuple(Offender(f"train {row}" if row is not None else "train", row, value) for row in rows),
    })  # fmt: skip


def refusal(*findings: Any, dataset: DatasetName = SET) -> str:
    from litesmith.documents.refusal import failures, render_refusal

    return render_refusal(dataset, failures(findings, IMAGES))


def test_page_names_rule_and_rows_and_shows_the_images() -> None:
    page = refusal(finding("label_range", rows=(7, 3)))
    assert "Set was refused" in page and "label_range" in page
    assert "train 7 (label: 10), train 3 (label: 10)" in page
    assert "labels from 0 to 9" in page and "Nothing was trained." in page
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    found = [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in pictures]
    np.testing.assert_array_equal(found, IMAGES[[7, 3], :, :, 0])


def test_page_needs_no_network_and_escapes_what_it_was_given() -> None:
    nasty = finding("<script>alert(1)</script>", rows=(1,), value="<b>&")
    page = refusal(nasty, dataset=DatasetName(name="<i>Set</i>", synthetic=False))
    assert "<script" not in page
    assert "&lt;script&gt;" in page and "&lt;i&gt;Set" in page and "&lt;b&gt;&amp;" in page
    assert not re.search(r"https?://|<link|@import|src=\"(?!data:)", page)


def test_critical_failures_come_first_and_passing_rules_not_at_all() -> None:
    from litesmith.documents.refusal import failures

    passed = finding("fine").model_copy(update={"success": True})
    shown = failures([finding("shift", "warning"), passed, finding("label_range")], IMAGES)
    assert [chapter.title for chapter in shown] == ["label_range", "shift"]


def test_long_lists_are_cut_with_a_count() -> None:
    from litesmith.documents.refusal import failures, render_text

    many = finding("label_range", rows=tuple(range(60)))
    (shown,) = failures([many], IMAGES)
    assert (len(shown.thumbnails), len(shown.listed), shown.num_more) == (48, 60, 0)
    text = render_text([many])
    assert text.startswith("label_range: expected labels from 0 to 9; got train 0 (label: 10), train 1")
    assert text.endswith("train 19 (label: 10), and 40 more")


def test_text_leaves_out_what_does_not_block() -> None:
    from litesmith.documents.refusal import render_text

    assert render_text([finding("shift", "warning"), finding("copy", "quarantine")]) == ""
    assert render_text([finding("mean")]) == "mean: expected labels from 0 to 9; got 0 to 10"


def test_rows_without_an_image_have_no_picture() -> None:
    page = refusal(finding("class_balance", rows=(None,), value="share: 0"))
    assert "train (share: 0)" in page and "<img" not in page


@pytest.mark.parametrize("synthetic", [True, False])
def test_page_about_unreadable_data(synthetic: bool) -> None:
    from litesmith.documents.refusal import render_refusal

    dataset = DatasetName(name="Set", synthetic=synthetic)
    page = render_refusal(dataset, trouble="data/<x>.csv is truncated")
    assert "data/&lt;x&gt;.csv is truncated" in page
    assert ("These are synthetic images." in page) == synthetic


def quarantine(found: Any) -> str:
    from litesmith.documents.refusal import render_quarantine

    return render_quarantine(SET, found)


def test_page_about_nothing() -> None:
    page = quarantine(checked(*base()))
    assert "What is left out of Set" in page and "Nothing is left out." in page
    assert "<section" not in page


def test_page_shows_batches_and_images_that_are_left_out() -> None:
    week, dark, wrong = draw("week", 80, 10), draw("dark", 240, 11), draw("wrong", 240, 12)
    week.images[0] = 7
    found = checked(
        *base(), week, dark.of(images=dark.images // 2), wrong.of(labels=(wrong.labels + 1) % 4)
    )
    table = pd.DataFrame({"batch": ["week"], "file": ["a<b>.png"], "reason": ["it is broken"]})
    intake = replace(found.verdicts.intake, unreadable=table)
    page = quarantine(replace(found, verdicts=replace(found.verdicts, intake=intake)))
    titles = re.findall(r"<h2>(.*?)( <small>.*)?</h2>", page)
    assert [title for title, _ in titles] == [
        "Batch dark", "Batch wrong", "Images: constant", "Files that cannot be read"
    ]  # fmt: skip
    assert "python -m tasks accept BATCH" in page
    assert "week/image[0] (all its pixels are the same)" in page
    assert "week/a&lt;b&gt;.png (it is broken)" in page
    assert "the judge says" in page and "nats more of mean cross-entropy" in page
    assert page.count("<img") > 24 + 48
    assert not re.search(r"https?://|<link|@import|src=\"(?!data:)", page)
