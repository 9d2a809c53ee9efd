"""One import of Great Expectations serves all tests here; it takes a few seconds."""

import base64
import html
import io
import re
from dataclasses import replace
from datetime import datetime, timedelta, timezone
from itertools import pairwise
from typing import Any

import numpy as np
import pandas as pd
import pytest
from PIL import Image

from litesmith.documents.chapters import Occasion
from litesmith.records.validate import DatasetName
from tests.litesmith.data.quality.sets import CLASSES, base, draw, params
from tests.litesmith.data.quality.test_result import checked

pytestmark = pytest.mark.slow
SET = DatasetName(name="Set", synthetic=False)
OCCASION = Occasion(
    datetime(2026, 12, 1, 0, 5, tzinfo=timezone(timedelta(hours=1))),
    "20261130T230500Z-brave-cat",
    "python -m flows retrain --profile nightly",
)


def refusal(found: Any, dataset: DatasetName = SET, data: str | None = None) -> str:
    from litesmith.documents.refusal import render_refusal

    return render_refusal(dataset, found, OCCASION, data)


def words(page: str) -> str:
    return html.unescape(" ".join(re.sub(r"<[^>]*>", " ", page[page.index("<body>") :]).split()))


def foreign(labels: tuple[str, ...], dataset: str = "train") -> Any:
    """Return what is found where the first images of the base have labels that are no class."""
    train, test = base()
    train.labels[: len(labels)] = -1
    return checked(train, test, foreign=dict(enumerate(labels)))


def failing(found: Any, name: str) -> Any:
    from litesmith.documents.refusal import failures

    (chapter,) = (chapter for chapter in failures(found) if chapter.note.startswith(f"{name},"))
    return chapter


def test_a_foreign_label_is_shown_as_it_was_given() -> None:
    found = foreign(("10", "boot", "10"))
    chapter = failing(found, "foreign_labels")
    assert dict(chapter.facts)["Observed"] == (
        "train: 3 of 600 images have a label that is no class: '10' (2), 'boot' (1)."
    )
    assert [one.caption for one in chapter.thumbnails] == [
        f"base/train[{row}]: '{label}', which is no class"
        for row, label in enumerate(("10", "boot", "10"))
    ]
    page = words(refusal(found))
    assert "Labels outside the classes (foreign_labels, stops the run)" in page
    assert "base/train[1] (label: 'boot', which is no class)" in page and "-1" not in page


def test_the_images_that_are_shown_are_those_that_fail() -> None:
    found = foreign(("10",))
    pictures = re.findall(r'src="data:image/png;base64,([^"]+)"', refusal(found))
    shown = [np.asarray(Image.open(io.BytesIO(base64.b64decode(one)))) for one in pictures]
    np.testing.assert_array_equal(shown[0], found.verdicts.intake.images[0, :, :, 0])


def test_of_contradicting_labels_both_images_are_shown() -> None:
    train, test = base()
    train.images[7], train.labels[7] = train.images[3], (train.labels[3] + 1) % 4
    found = checked(train.of(labels=np.where(np.arange(600) == 0, -1, train.labels)), test)
    chapter = failing(found, "conflicting_labels")
    names = [found.verdicts.intake.label_name(row) for row in (3, 7)]
    (pair,) = chapter.thumbnails
    assert pair.caption.startswith("base/train[3] (the same pixels as base/train[7], ")
    assert pair.caption.endswith(f"; label {names[0]}")
    assert pair.other is not None and pair.other.caption == f"base/train[7]: {names[1]}"
    assert refusal(found).count('<div class="pair">') >= 1


def test_a_class_without_images_is_named() -> None:
    train, test = base()
    few = test.labels > 0
    found = checked(train, test.of(images=test.images[few], labels=test.labels[few]))
    told = dict(failing(found, "empty_classes").facts)["Observed"]
    assert told == f"test: no image of {CLASSES[0]}; the others have 25 to 25."


def test_how_far_a_value_is_from_its_limit_is_said() -> None:
    train, test = base()
    dark = train.of(images=np.where(np.arange(600)[:, None, None, None] < 40, 0, train.images))
    told = dict(failing(checked(dark, test), "images_left_out").facts)["Observed"]
    limit = 100 * params().max_left_out
    assert told.startswith("train: 40 of 600 images, 6.67 %: ") and " constant" in told
    assert told.endswith(f"; {100 * 40 / 600 - limit:.2f} points above the most allowed, {limit:.2f} %.")
    told = dict(failing(checked(*base(), mean_range=(0.5, 0.6)), "intensity_mean").facts)["Observed"]
    means = [float(part.images.mean() / 255) for part in base()]
    assert [f"{mean:.3f}, {0.5 - mean:.3f} below the least allowed, 0.5." in told for mean in means] == [
        True, True
    ]  # fmt: skip


def test_labels_that_do_not_fit_are_shown_with_what_they_may_be() -> None:
    train, test = base()
    found = checked(train, test.of(labels=(test.labels + 1) % 4))
    chapter = failing(found, "test_labels")
    told = dict(chapter.facts)["Observed"]
    assert (
        told.startswith("test: ")
        and "points more of its labels" in told
        and "points above the most allowed, 20.00 %" in told
    )
    assert len(chapter.thumbnails) == 24
    assert all("the judge says" in one.caption and "/test[" in one.caption for one in chapter.thumbnails)


def test_a_batch_is_named_with_what_is_unlike_in_it() -> None:
    dark = draw("dark", 240, 11)
    train, test = base()
    train.labels[0] = -1
    found = checked(train, test, dark.of(images=dark.images // 2))
    told = dict(failing(found, "drift").facts)["Observed"]
    assert told.startswith("dark: its ") and "comes by chance with probability" in told


def test_the_page_says_what_passed_when_and_how_to_go_on() -> None:
    page = refusal(foreign(("10",)))
    told = words(page)
    assert "30 Nov 2026, 23:05 UTC (1 Dec, 00:05 local, UTC+1) · run 20261130T230500Z-brave-cat" in told
    assert "Every class has images (empty_classes: " in told
    assert "No image has two labels (conflicting_labels: none of 700 images breaks it)" in told
    assert "What stops the run: labels outside the classes." in told
    assert "Nothing was trained, and the model in service stays." in told
    assert "Fix Correct these labels, or name their class in classes" in told
    assert "<code>python -m flows retrain --profile nightly</code> goes on from here" in page
    assert page.index("What passed") < page.index("The way back")


def test_every_rule_has_a_title_and_a_fix() -> None:
    from litesmith.data.quality.rules import batch_rules, image_rules, part_rules
    from litesmith.documents.fixes import TOLD

    pinned = params(mean_range=(0.1, 0.2), std_range=(0.1, 0.2), class_shares=(0.1, 0.2))
    rules = [*part_rules(pinned), *batch_rules(pinned), *image_rules(4, 0.1)]
    assert {rule.name for rule in rules} == set(TOLD)


def test_commands_name_the_data_set_unless_it_is_the_projects_own() -> None:
    from litesmith.documents.fixes import TOLD

    accept, add = 'python -m tasks accept BATCH --why "..."', "python -m tasks add FOLDER"
    own, other = (TOLD["drift"].fix_of(data) for data in (None, "my cats"))
    assert f"`{accept}`" in own and f"`{add}`" in own
    assert f"`{accept} --data 'my cats'`" in other and f"`{add} --data 'my cats'`" in other
    assert not any("{" in told.fix_of(None) or "NAME" in told.fix_of(None) for told in TOLD.values())
    dark = draw("dark", 240, 11)
    found = checked(*base(), dark.of(images=dark.images // 2))
    assert f"<code>{add} --data digits</code>" in refusal(found, data="digits")
    assert "--data" not in refusal(found)


def test_headings_descend_by_one_and_the_page_needs_no_network() -> None:
    page = refusal(
        foreign(("<script>alert(1)</script>",)), DatasetName(name="<i>Set</i>", synthetic=True)
    )
    levels = [int(level) for level in re.findall(r"<h(\d)", page)]
    assert levels[0] == 1 and levels.count(1) == 1
    assert all(after - before <= 1 for before, after in pairwise(levels))
    assert "<script" not in page and "&lt;script&gt;" in page and "&lt;i&gt;Set" in page
    assert not re.search(
        r"https?://|<link (?!rel=\"icon\" href=\"data:,\")|@import|src=\"(?!data:)", page
    )
    assert "These are synthetic images." in page


def test_critical_failures_come_first_and_passing_rules_not_at_all() -> None:
    from litesmith.documents.refusal import failures

    train, test = base()
    train.images[7] = 9
    train.labels[0] = -1
    kinds = [chapter.kind for chapter in failures(checked(train, test))]
    assert kinds[0] == "critical" and "critical" not in kinds[kinds.index("quarantine") :]


def finding(name: str, severity: str, num: int = 0) -> Any:
    from litesmith.data.quality.rules import Finding, Offender

    return Finding.model_validate({
        "name": name, "severity": severity, "table": "images", "success": False, "offenders": (),
        "expected": "labels from 0 to 9", "observed": "0 to 10", "num_unexpected": num,
        "rows": tuple(Offender(f"train {row}", row, "label: 10") for row in range(num)),
    })  # fmt: skip


def test_the_text_names_rule_and_rows_and_is_cut_with_a_count() -> None:
    from litesmith.documents.refusal import render_text

    text = render_text([finding("label_range", "critical", 60)])
    assert text.startswith("label_range: expected labels from 0 to 9; got train 0 (label: 10), train 1")
    assert text.endswith("train 19 (label: 10), and 40 more")


def test_text_leaves_out_what_does_not_block() -> None:
    from litesmith.documents.refusal import render_text

    assert render_text([finding("shift", "warning"), finding("copy", "quarantine")]) == ""
    assert render_text([finding("mean", "critical")]) == "mean: expected labels from 0 to 9; got 0 to 10"


@pytest.mark.parametrize("synthetic", [True, False])
def test_page_about_unreadable_data(synthetic: bool) -> None:
    from litesmith.documents.refusal import render_unreadable

    dataset = DatasetName(name="Set", synthetic=synthetic)
    page = render_unreadable(dataset, "data/<x>.csv is truncated", replace(OCCASION, run=None))
    assert "data/&lt;x&gt;.csv is truncated" in page
    assert "run by hand: <code>python -m flows retrain" in page and "all runs" not in page
    assert ("These are synthetic images." in page) == synthetic


def test_page_about_a_file_that_cannot_be_judged() -> None:
    from litesmith.documents.chapters import render_invalid

    rules = [
        finding("shift", "warning"),
        finding("near_copies", "quarantine").model_copy(update={"success": True}),
    ]
    page = words(render_invalid(SET, "15 gate images are left: add images.", OCCASION, rules))
    assert (
        "Set: the final file cannot be judged" in page and "15 gate images are left: add images." in page
    )
    assert "near copies (0 to 10)" in page and "shift" not in page
    assert "python -m flows retrain --profile nightly judges again" in page
    assert "The version in service stays." in page and "run 20261130T230500Z-brave-cat" in page
    assert "python -m tasks releases shows what is in service." in page
    other = words(render_invalid(SET, "no", OCCASION, rules, "digits"))
    assert "python -m tasks releases --data digits shows what is in service." in other


def quarantine(found: Any, data: str | None = None) -> str:
    from litesmith.documents.refusal import render_quarantine

    return render_quarantine(SET, found, data)


def test_page_about_nothing() -> None:
    page = quarantine(checked(*base()))
    assert "What is left out of Set" in page and "Nothing is left out." in page
    assert "<section" not in page and "UTC" not in page


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
    assert "<code>python -m tasks accept BATCH --why &#34;...&#34;</code>" in page
    other = quarantine(found, "digits")
    assert "<code>python -m tasks accept BATCH --why &#34;...&#34; --data digits</code>" in other
    assert "week/image[0] (all its pixels are the same)" in page
    assert "week/a&lt;b&gt;.png (it is broken)" in page
    assert "the judge says" in page and "nats more of mean cross-entropy" in page
    assert page.count("<img") > 24 + 48
    assert not re.search(r"https?://|@import|src=\"(?!data:)", page)
