"""Tests of litesmith.report: the page as a whole."""

import base64
import dataclasses
import hashlib
import io
import json
import re
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from PIL import Image

from litesmith.params.sections.report import ReportParams
from litesmith.records.provenance import Provenance
from litesmith.report.drawing import png_uri
from litesmith.report.inputs import ReportInputs
from litesmith.report.page import SECTIONS, Report, make_report
from litesmith.report.reference import this_run
from tests.litesmith.report.report_inputs import parsed, render, report_inputs, with_value, without

VOID = {"meta", "link", "img", "br", "wbr", "path", "use", "rect", "circle"}


class Outline(HTMLParser):
    """The parts of a page; tags that do not match fail."""

    def __init__(self) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.ids: list[str] = []
        self.addresses: list[str] = []
        self.open: list[str] = []
        self.text: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        named = dict(attrs)
        self.tags.append((tag, named))
        self.ids += [named["id"] or ""] if "id" in named else []
        self.addresses += [named[key] or "" for key in ("src", "href", "action", "data") if key in named]
        if tag not in VOID:
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.handle_starttag(tag, attrs)
        if tag not in VOID:
            self.open.pop()

    def handle_endtag(self, tag: str) -> None:
        if tag not in VOID:
            assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        if self.open[-1:] not in (["script"], ["style"]):
            self.text.append(data)


def outline(page: str) -> Outline:
    parser = Outline()
    parser.feed(page)
    parser.close()
    assert parser.open == []
    return parser


@pytest.fixture(autouse=True)
def fixture_undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Draw figures for tests of the whole page alone: they take most of its time."""
    if "page" not in request.fixturenames:
        monkeypatch.setattr("litesmith.report.drawing.drawn", lambda *_, **__: Markup("<svg></svg>"))


@pytest.fixture(name="page", scope="module")
def fixture_page() -> str:
    return render(report_inputs())


@pytest.fixture(name="again", scope="module")
def fixture_again() -> Report:
    """A second report on the same inputs."""
    return make_report(report_inputs())


def test_page_is_the_same_each_time(page: str, again: Report) -> None:
    assert again.page == page


def test_page_is_well_formed_with_unique_ids(page: str) -> None:
    ids = outline(page).ids
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert len(ids) == len(set(ids))


def test_a_refused_file_is_named_with_the_reason_where_the_candidates_are() -> None:
    inputs = report_inputs()
    refused = {"clustered-int8": "clustered-int8.tflite: agreement: <0.95> of 0.96"}
    page = render(with_value(inputs, "results", "convert", "refused", value=refused))
    assert (
        "clustered-int8 was refused and is no candidate: clustered-int8.tflite: agreement: &lt;0.95&gt;"
        in page
    )
    assert "run without TensorFlow. Refused, as they failed a check: clustered-int8." in page
    assert "Refused, as they failed a check" not in render(inputs)


def test_page_needs_nothing_from_elsewhere(page: str) -> None:
    parts = outline(page)
    others = [address for address in parts.addresses if not address.startswith(("#", "data:"))]
    assert others == []
    assert not [tag for tag, _ in parts.tags if tag in ("iframe", "object", "embed")]
    assert not re.search(r"@import|url\((?!#)", page)
    assert {address[1:] for address in parts.addresses if address.startswith("#")} <= set(parts.ids)


def test_page_has_landmarks_table_headers_and_texts_for_pictures(page: str) -> None:
    tags = outline(page).tags
    names = [tag for tag, _ in tags]
    assert [names.count(tag) for tag in ("header", "nav", "main", "footer", "h1")] == [1, 1, 1, 1, 1]
    assert all(named.get("scope") in ("row", "col") for tag, named in tags if tag == "th")
    assert all(named.get("alt") for tag, named in tags if tag == "img")
    assert all(named.get("aria-labelledby") for tag, named in tags if tag == "svg")
    assert names.count("svg") >= 12 and names.count("img") > 24


def test_only_the_pages_own_script_may_run(page: str) -> None:
    scripts = [named for tag, named in outline(page).tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "summary"}, {}]
    (own,) = re.findall(r"<script>(.*?)</script>", page, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(own.encode()).digest()).decode()
    (policy,) = re.findall(r'Content-Security-Policy" content="([^"]*)"', page)
    assert f"script-src 'sha256-{digest}'" in policy and "default-src 'none'" in policy


def test_page_carries_all_numbers(page: str, again: Report) -> None:
    (embedded,) = re.findall(
        r'<script type="application/json" id="summary">(.*?)</script>', page, re.DOTALL
    )
    assert json.loads(embedded) == again.summary.model_dump(mode="json")


def test_page_is_small(page: str) -> None:
    assert len(page.encode()) < 3_000_000


def test_page_names_every_part(page: str) -> None:
    text = " ".join(outline(page).text)
    parts = """Promote tuned-int8: it is better|Comparison|They decide nothing|Glossary|What do I do?|Every variant|Device budget|Confusion matrix|By class
        |Training|Sweep|Sparsity by layer|Conversion|label noise|Provenance|0123456789abcdef|20170828
        |great-expectations 1.24.1|pruned with dropout"""
    for part in parts.split("|"):
        assert part.strip() in text


@pytest.mark.parametrize(("synthetic", "times_named"), [(True, 1), (False, 0)])
def test_synthetic_images_are_named_on_top(synthetic: bool, times_named: int) -> None:
    assert render(report_inputs(synthetic=synthetic)).count(">synthetic images</p>") == times_named


HOSTILE = "</script><script>alert(1)</script><!--"


def poisoned(content: Any) -> Any:
    """Return a copy with hostile texts, but for states and names of other parts."""
    if isinstance(content, dict):
        return {key: value if key in UNCHANGED else poisoned(value) for key, value in content.items()}
    if isinstance(content, list):
        return [poisoned(value) for value in content]
    return f"{content}{HOSTILE}" if isinstance(content, str) else content


# What other parts are found by, pictures, which are not text, and words of which there are only a few.
UNCHANGED = {
    "final",
    "name",
    "model",
    "format",
    "precision",
    "state",
    "image",
    "severity",
    "standing",
    "ended",
}


def hostile_inputs() -> ReportInputs:
    inputs = report_inputs(
        class_names=[f"class {n} {HOSTILE}" for n in range(9)] + ['"><img src=x onerror=alert(1)>']
    )
    results = {
        field.name: parsed(type(record), poisoned(record.model_dump(mode="json")))
        for field in dataclasses.fields(inputs.results)
        for record in [getattr(inputs.results, field.name)]
    }
    return dataclasses.replace(
        inputs,
        results=dataclasses.replace(inputs.results, **results),
        provenance={
            step: parsed(Provenance, poisoned(record.model_dump(mode="json")))
            for step, record in inputs.provenance.items()
        },
        decision=with_value(
            inputs.decision.model_copy(update={"headline": f"Promote it. {HOSTILE}"}),
            "reasons",
            0,
            "text",
            value=HOSTILE,
        ),
        baseline_summary=HOSTILE,
        sha256={f"reports/{HOSTILE}": HOSTILE},
    )


def with_profile(profile: str) -> ReportInputs:
    return with_value(report_inputs(), "params", "profile", value=profile)


def test_how_to_reproduce_names_the_profile_that_the_run_had() -> None:
    nightly = make_report(with_profile("nightly"))
    for text in (nightly.page, nightly.card):
        assert "python -m flows retrain --profile nightly" in text and "dvc repro\n" not in text
    several = make_report(with_profile("a_1+b"))
    assert all(
        "python -m flows retrain --profile a_1+b" in text for text in (several.page, several.card)
    )
    assert "params.yaml with profiles/a_1.yaml, then profiles/b.yaml on top" in several.page
    digits = make_report(with_value(with_profile("quick"), "params", "data", value="digits"))
    for text in (digits.page, digits.card):
        assert "python -m flows retrain --data digits --profile quick" in text
    assert "params.yaml with datasets/digits.yaml, then profiles/quick.yaml on top" in digits.page
    spaced = make_report(with_profile("my night"))
    assert "--profile 'my night'\n" in spaced.card
    own = make_report(report_inputs())
    assert all("dvc repro" in text and "--profile" not in text for text in (own.page, own.card))


def test_every_parameter_of_the_report_stands_in_a_table() -> None:
    page = render(with_value(report_inputs(), "params", "max_pairs", value=17))
    for name in ReportParams.model_fields:
        assert f"report.<wbr>{name}</th>" in page
    assert 'report.<wbr>max_pairs</th><td class="hash">17</td>' in page
    assert 'report.<wbr>profile</th><td class="hash">null</td>' in page


def test_place_of_the_git_revision_is_named() -> None:
    inputs = report_inputs()
    assert "In a checkout of revision 0e6b526, with" in render(inputs)
    for step in inputs.provenance:
        inputs = with_value(inputs, "provenance", step, "made", value=None)
    assert "<code>reports/index.html</code>, the index that" in render(inputs)


def test_text_from_data_is_escaped_in_the_page_and_in_its_summary() -> None:
    report = make_report(hostile_inputs())
    scripts = [named for tag, named in outline(report.page).tags if tag == "script"]
    assert scripts == [{"type": "application/json", "id": "summary"}, {}]
    assert (
        "<script>alert" not in report.page
        and "<img src=x" not in report.page
        and "<!--" not in report.page
    )
    assert report.page.count("&lt;script&gt;alert(1)") > 50
    (embedded,) = re.findall(r'id="summary">(.*?)</script>', report.page, re.DOTALL)
    assert json.loads(embedded)["dataset"]["class_names"][0] == f"class 0 {HOSTILE}"


def test_hostile_reference_is_escaped() -> None:
    inputs = report_inputs()
    run = this_run(hostile_inputs())
    same_data = {**run.data, "name": inputs.results.validate.dataset.name}
    reference = with_value(run, "data", value=same_data)
    page = render(dataclasses.replace(inputs, reference=reference))
    assert "<script>alert" not in page and "compared image by image" in page
    outline(page)


def shows(axes: Axes) -> bool:
    """Return whether a panel has a bar, a point or a line of finite numbers.

    A line that only guides the eye (a limit, the diagonal, which has ``gid`` "guide") is nothing measured.
    """
    lines = [
        line.get_xydata()
        for line in axes.lines
        if line.get_transform() == axes.transData and not line.get_gid()
    ]
    clouds = [cloud.get_offsets() for cloud in axes.collections if isinstance(cloud, PathCollection)]
    bars = [
        [(bar.get_width(), bar.get_height())]
        for bars in axes.containers
        for bar in getattr(bars, "patches", ())
    ]
    return any(
        np.isfinite(np.asarray(pairs, float)).all(axis=1).any() for pairs in (*lines, *clouds, *bars)
    )


def test_every_panel_of_every_figure_shows_something_measured(monkeypatch: pytest.MonkeyPatch) -> None:
    drawings: dict[str, list[bool]] = {}

    def drawn(name: str, _: str, draw: Any, *args: Any, **kwargs: Any) -> Markup:
        figure = draw(*args, **kwargs)
        drawings[name] = [shows(axes) for axes in figure.axes if axes.axison]
        return Markup("<svg></svg>")

    monkeypatch.setattr("litesmith.report.drawing.drawn", drawn)
    render(report_inputs())
    assert len(drawings) >= 12
    assert [name for name, panels in drawings.items() if not panels or not all(panels)] == []


def test_navigation_follows_the_sections() -> None:
    page = outline(render(report_inputs()))
    headings = [named["aria-labelledby"] for tag, named in page.tags if tag == "section"]
    assert headings == [section.name for section in SECTIONS]
    links = [address for address in page.addresses if address.startswith("#")]
    nav = links.index("#headline")
    assert links[nav : nav + len(SECTIONS)] == [f"#{section.name}" for section in SECTIONS]
    assert set(headings) <= set(page.ids)


def test_tools_that_were_not_requested_are_named_with_the_reason() -> None:
    inputs = with_value(without(report_inputs(), "results", "evaluate", "device", "npu"),
                        "results", "evaluate", "not_measured", value=("Cost on a neural processor",))  # fmt: skip
    text = " ".join(" ".join(outline(render(inputs)).text).split())
    why = "evaluate.measure in params.yaml does not ask for it"
    assert f"Cost on a neural processor was not measured: {why}" in text
    assert "What Vela 5 expects" not in text
    assert "Cost on a neural processor was not measured" not in render(report_inputs())


def test_file_that_the_microcontrollers_runtime_refused_is_named_with_the_reason() -> None:
    page = render(report_inputs())
    assert "refused: tuned-int4.tflite does not run under TensorFlow Lite Micro 0: no kernel" in page


@pytest.mark.parametrize("shape", [(28, 28, 1), (20, 9, 1), (32, 24, 3)])
def test_thumbnail_is_the_picture_as_it_is(shape: tuple[int, ...]) -> None:
    image = np.arange(np.prod(shape), dtype=np.uint64).reshape(shape).astype(np.uint8)
    encoded = png_uri(image).removeprefix("data:image/png;base64,")
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
    np.testing.assert_array_equal(decoded, image.squeeze())
