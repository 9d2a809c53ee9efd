"""Tests of litesmith.report.sections.changed."""

import base64
import dataclasses
import re

import pytest

from litesmith.report.inputs import ReportInputs
from litesmith.report.sections.changed.section import SECTION, build
from tests.litesmith.report.report_inputs import CLASS_NAMES, decided, report_inputs, with_value

INPUTS = report_inputs()


def with_decision(**values: object) -> ReportInputs:
    return dataclasses.replace(INPUTS, decision=decided(class_names=tuple(CLASS_NAMES[:4]), **values))  # type: ignore[arg-type]


def test_all_images_are_counted_by_class_and_some_are_shown() -> None:
    section = build(INPUTS)
    assert section.missing is None and section.released == "v-1"
    assert [(kind.title, kind.num_images, len(kind.pictures)) for kind in section.kinds] == [
        ("Regressed", 60, 2), ("Repaired", 150, 1)
    ]  # fmt: skip
    assert sum(change.num_lost for change in section.classes) == 60
    page = SECTION.render(INPUTS)
    assert (
        "Of 4\u2009000 gate images tuned-int8 gets 60 wrong that v-1 gets right (regressed), and 150 right "
        "that it gets wrong (repaired)." in page
    )
    assert page.count("<img") == 3


def test_pictures_stand_by_class_with_both_answers_and_as_they_are_in_the_data() -> None:
    page = SECTION.render(INPUTS)
    captions = re.findall(r"<figcaption>(.*?)</figcaption>", page)
    assert captions == [
        "<strong>T-shirt/top</strong><br>was T-shirt/top, 90&nbsp;%<br>now Pullover, 75&nbsp;%",
        "<strong>Dress</strong><br>was Dress, 90&nbsp;%<br>now Trouser, 75&nbsp;%",
        "<strong>Pullover</strong><br>was T-shirt/top, 90&nbsp;%<br>now Pullover, 75&nbsp;%",
    ]
    shown = re.findall(r'<img src="data:image/png;base64,([^"]+)"', page)
    kept = [image.image for image in (*INPUTS.changed.regressed[::-1], *INPUTS.changed.repaired)]
    assert shown == kept and all(base64.b64decode(each).startswith(b"\x89PNG") for each in shown)


@pytest.mark.parametrize(
    ("inputs", "why"),
    [
        (with_decision(first=True), "no model was in service when this run was judged"),
        (
            with_decision(other_form="another input"),
            "the file in service cannot answer the same images: another input",
        ),
        (with_decision(released_sha256="a" * 64), "the final file is the one in service, byte for byte"),
    ],
)
def test_where_there_is_nothing_to_show_the_page_says_why(inputs: ReportInputs, why: str) -> None:
    page = SECTION.render(inputs)
    assert f'<p class="missing">Not shown: {why}.</p>' in page
    assert "<table" not in page and "<img" not in page


def test_kinds_without_pictures_say_why() -> None:
    page = SECTION.render(with_value(INPUTS, "changed", "repaired", value=()))
    assert "No picture was kept: report.max_changed in params.yaml is 0." in page
    none = dataclasses.replace(with_decision(gained=0, lost=0), changed=INPUTS.changed.model_copy(
        update={"regressed": (), "repaired": ()}
    ))  # fmt: skip
    assert SECTION.render(none).count('<p class="missing">None.</p>') == 2
