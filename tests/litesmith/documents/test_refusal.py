import base64
import io
import re

import numpy as np
import pytest
from litesmith.data.statistics import Finding, LabelledImages, Offender
from PIL import Image

from litesmith.documents.refusal import failures, render_page, render_text

IMAGES = np.random.default_rng(0).integers(0, 256, (60, 4, 5), dtype=np.uint8)
RAW = {"train": LabelledImages(IMAGES, np.zeros(60, np.uint8))}


def finding(
    name: str, severity: str = "critical", indices: tuple[int | None, ...] = (), **more: str
) -> Finding:
    offenders = tuple(Offender("train", index, more.get("value", "label: 10")) for index in indices)
    return Finding(
        name=name,
        severity=severity,
        table="images",
        success=False,
        expected="labels from 0 to 9",
        observed="0 to 10",
        num_unexpected=len(indices),
        offenders=(),
        rows=offenders,
    )


def test_page_names_rule_and_indices_and_shows_the_images() -> None:
    page = render_page("Fashion-MNIST", False, failures([finding("label_range", indices=(7, 3))], RAW))
    assert "label_range" in page
    assert "train 7 (label: 10), train 3 (label: 10)" in page
    assert "labels from 0 to 9" in page
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', page)
    found = [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in pictures]
    np.testing.assert_array_equal(found, IMAGES[[7, 3]])


def test_page_needs_no_network_and_escapes_what_it_was_given() -> None:
    nasty = finding("<script>alert(1)</script>", indices=(1,), value="<b>&")
    page = render_page("<i>Set</i>", False, failures([nasty], RAW))
    assert "<script" not in page
    assert "&lt;script&gt;" in page
    assert "&lt;i&gt;Set" in page
    assert "&lt;b&gt;&amp;" in page
    assert not re.search(r"https?://|<link|@import|src=\"(?!data:)", page)


def test_critical_failures_come_first_and_passing_rules_not_at_all() -> None:
    passed = finding("fine").model_copy(update={"success": True})
    shown = failures([finding("shift", "warning"), passed, finding("label_range")], RAW)
    assert [one.finding.name for one in shown] == ["label_range", "shift"]


def test_long_lists_are_cut_with_a_count() -> None:
    many = finding("label_range", indices=tuple(range(60)))
    (shown,) = failures([many], RAW)
    assert (len(shown.thumbnails), len(shown.listed), shown.num_more) == (48, 60, 0)
    text = render_text([many])
    assert text.startswith("label_range: expected labels from 0 to 9; got train 0 (label: 10), train 1")
    assert text.endswith("train 19 (label: 10), and 40 more")


def test_text_leaves_out_warnings() -> None:
    assert render_text([finding("shift", "warning")]) == ""
    assert render_text([finding("mean")]) == "mean: expected labels from 0 to 9; got 0 to 10"


def test_offenders_without_an_index_have_no_picture() -> None:
    (shown,) = failures([finding("class_balance", indices=(None,), value="class 3, share: 0")], RAW)
    assert shown.listed == ["train (class 3, share: 0)"]
    assert shown.thumbnails == []


@pytest.mark.parametrize("synthetic", [True, False])
def test_page_about_unreadable_files(synthetic: bool) -> None:
    page = render_page("Set", synthetic, trouble="data/raw/<x>.gz is truncated")
    assert "data/raw/&lt;x&gt;.gz is truncated" in page
    assert ("These are synthetic images." in page) == synthetic
