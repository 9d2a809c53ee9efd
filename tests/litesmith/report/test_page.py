"""Tests of litesmith.report: the page as a whole and the numbers worked out for it."""

import base64
import copy
import dataclasses
import hashlib
import io
import json
import math
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from markupsafe import Markup
from matplotlib.axes import Axes
from matplotlib.collections import PathCollection
from PIL import Image

from litesmith.documents.formats import amount, breakable, code, count, points, times
from litesmith.params.sections.report import ReportParams
from litesmith.report.inputs import ReportInputs
from litesmith.report.page import make_report
from litesmith.report.pictures import png_address
from litesmith.report.records import Absent, Record
from litesmith.report.svg import svg_text
from tests.litesmith.report.report_inputs import (
    CLASS_NAMES,
    FINAL,
    render,
    report_inputs,
    value_at,
    with_value,
    without,
)

VOID = {"meta", "link", "img", "br", "wbr", "path", "use", "rect", "circle"}


class Outline(HTMLParser):
    """Collect what a page is made of and complain about tags that do not match."""

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


def changed(*path: Any, to: Any) -> ReportInputs:
    """Return inputs in which the results at ``path`` are ``to``."""
    inputs = report_inputs()
    return dataclasses.replace(inputs, results=with_value(inputs.results, *path, value=to))


@pytest.fixture(autouse=True)
def fixture_undrawn(request: pytest.FixtureRequest, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave the figures undrawn, which takes most of a page's time, but for tests of the whole page."""
    if "page" not in request.fixturenames:
        monkeypatch.setattr("litesmith.report.drawing.drawn", lambda *_, **__: Markup("<svg></svg>"))


@pytest.fixture(name="page", scope="module")
def fixture_page() -> str:
    return render(report_inputs())


def test_page_is_the_same_each_time(page: str) -> None:
    assert render(report_inputs()) == page


def test_page_is_well_formed_with_unique_ids(page: str) -> None:
    ids = outline(page).ids
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert len(ids) == len(set(ids))


def test_a_refused_file_is_named_with_the_reason_where_the_candidates_are() -> None:
    inputs = report_inputs()
    refused = {"clustered-int8": "clustered-int8.tflite: agreement: <0.95> of 0.96"}
    results = with_value(inputs.results, "convert", "refused", value=refused)
    page = render(dataclasses.replace(inputs, results=results))
    assert (
        "clustered-int8 was refused and is no candidate: clustered-int8.tflite: agreement: &lt;0.95&gt;"
        in page
    )
    assert "run without TensorFlow. Refused, as they failed a check: clustered-int8." in page
    assert "Refused, as they failed a check" not in render(inputs)


def test_page_needs_nothing_from_elsewhere(page: str) -> None:
    found = outline(page)
    assert all(address.startswith(("#", "data:")) for address in found.addresses)
    assert not [tag for tag, _ in found.tags if tag in ("iframe", "object", "embed")]
    assert not re.search(r"@import|url\((?!#)", page)
    assert {address[1:] for address in found.addresses if address.startswith("#")} <= set(found.ids)


def test_page_has_landmarks_table_headers_and_texts_for_pictures(page: str) -> None:
    tags = outline(page).tags
    names = [tag for tag, _ in tags]
    assert [names.count(one) for one in ("header", "nav", "main", "footer", "h1")] == [1, 1, 1, 1, 1]
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


def test_page_carries_all_numbers(page: str) -> None:
    report = make_report(report_inputs())
    (embedded,) = re.findall(
        r'<script type="application/json" id="summary">(.*?)</script>', page, re.DOTALL
    )
    assert json.loads(embedded) == report.summary
    assert report.page == page


def test_page_is_small(page: str) -> None:
    assert len(page.encode()) < 3_000_000


def test_page_names_every_part(page: str) -> None:
    text = " ".join(outline(page).text)
    parts = """more accurate than the baseline and within|Every variant|Device budget|Confusion matrix|By class
        |Training|Sweep|Sparsity by layer|Conversion|near empty images|Provenance|0123456789abcdef|20170828
        |great-expectations 1.24.1|pruned with dropout"""
    for part in parts.split("|"):
        assert part.strip() in text
    assert "n/r" not in text and "Not recorded" not in text


@pytest.mark.parametrize(("drawn", "times_named"), [(True, 1), (False, 0)])
def test_drawn_images_are_named_on_top(drawn: bool, times_named: int) -> None:
    assert (
        render(report_inputs(drawn=drawn)).count(">drawn images, not Fashion-MNIST</p>") == times_named
    )


HOSTILE = "</script><script>alert(1)</script><!--"


def poisoned(content: Any) -> Any:
    """Return a copy of ``content`` in which every text that is not a state or a name of another part is hostile."""
    if isinstance(content, dict):
        return {key: value if key in KEPT else poisoned(value) for key, value in content.items()}
    if isinstance(content, list):
        return [poisoned(value) for value in content]
    return f"{content}{HOSTILE}" if isinstance(content, str) else content


# What other parts are found by, and pictures, which are not text.
KEPT = {"final", "name", "model", "format", "precision", "state", "image", "accuracy_interval"}


def hostile_inputs() -> ReportInputs:
    inputs = report_inputs(
        class_names=[f"class {n} {HOSTILE}" for n in range(9)] + ['"><img src=x onerror=alert(1)>']
    )
    return dataclasses.replace(
        inputs,
        results=poisoned(inputs.results),
        latency=poisoned(inputs.latency),
        made=poisoned(inputs.made),
        summary=HOSTILE,
        sha256={f"reports/{HOSTILE}": HOSTILE},
    )


def test_how_to_reproduce_names_the_profile_that_the_run_had() -> None:
    nightly = make_report(dataclasses.replace(report_inputs(), profile="nightly"))
    for text in (nightly.page, nightly.card):
        assert "python -m flows retrain --profile nightly" in text and "dvc repro\n" not in text
    several = make_report(dataclasses.replace(report_inputs(), profile="a_1+b"))
    assert all(
        "python -m flows retrain --profile a_1+b" in text for text in (several.page, several.card)
    )
    assert "params.yaml with profiles/a_1.yaml, then profiles/b.yaml on top" in several.page
    spaced = make_report(dataclasses.replace(report_inputs(), profile="my night"))
    assert "--profile 'my night'\n" in spaced.card
    own = make_report(report_inputs())
    assert all("dvc repro" in text and "--profile" not in text for text in (own.page, own.card))


def test_every_parameter_of_the_report_stands_in_a_table() -> None:
    page = render(dataclasses.replace(report_inputs(), max_pairs=17))
    for name in ReportParams.model_fields:
        assert f"report.<wbr>{name}</th>" in page
    assert 'report.<wbr>max_pairs</th><td class="hash">17</td>' in page
    assert 'report.<wbr>profile</th><td class="hash">null</td>' in page


def test_place_of_the_git_revision_is_named() -> None:
    assert "<code>reports/index.html</code>, the index that" in render(report_inputs())


def test_text_from_data_is_escaped_in_the_page_and_in_its_summary() -> None:
    report = make_report(hostile_inputs())
    found = outline(report.page)
    scripts = [named for tag, named in found.tags if tag == "script"]
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
    reference = poisoned(make_report(report_inputs()).summary) | {"kind": "litesmith summary"}
    page = render(dataclasses.replace(report_inputs(), reference=reference))
    assert "<script>alert" not in page and "Since the reference run" in page
    outline(page)


def every_path(content: Any, path: tuple[Any, ...] = ()) -> Iterator[tuple[Any, ...]]:
    """Yield the path of everything that lies in nested mappings; of lists their first item stands for all."""
    firsts = list(enumerate(content[:1])) if isinstance(content, list) else []
    pairs = list(content.items()) if isinstance(content, dict) else firsts
    for key, value in pairs:
        yield (*path, key)
        yield from every_path(value, (*path, key))


def small_inputs() -> ReportInputs:
    inputs = report_inputs(num_images=50, class_names=CLASS_NAMES[:6])
    results = copy.deepcopy(dict(inputs.results))
    for named in (results["evaluate"]["variants"], results["convert"]["files"]):
        for name in set(named) - {FINAL}:
            del named[name]
    results["sweep"]["trials"] = results["sweep"]["trials"][:1]
    results["sweep-timing"]["trials"] = results["sweep-timing"]["trials"][:1]
    made = {"prune": inputs.made["prune"]}
    histories = {
        model: {name: column[:3] for name, column in history.items()}
        for model, history in inputs.histories.items()
    }
    return dataclasses.replace(inputs, results=results, histories=histories, made=made, max_thumbnails=1)


def inputs_without_one_thing() -> Iterator[tuple[tuple[Any, ...], ReportInputs]]:
    """Yield inputs in which one value is missing, and such in which a mapping, list or item of a list is null."""
    inputs = small_inputs()
    for field in ("results", "latency", "made"):
        content = getattr(inputs, field)
        for path in every_path(content):
            yield path, dataclasses.replace(inputs, **{field: without(content, *path)})
            if isinstance(path[-1], int) or isinstance(value_at(content, *path), dict | list):
                yield (
                    path,
                    dataclasses.replace(inputs, **{field: with_value(content, *path, value=None)}),
                )
    for path in every_path(inputs.histories):
        if len(path) == 1:
            yield (
                path,
                dataclasses.replace(inputs, histories=with_value(inputs.histories, *path, value={})),
            )
        if len(path) < 3:
            yield path, dataclasses.replace(inputs, histories=without(inputs.histories, *path))
        if len(path) == 2:
            unknown = [math.nan] * len(value_at(inputs.histories, *path))
            yield (
                path,
                dataclasses.replace(
                    inputs, histories=with_value(inputs.histories, *path, value=unknown)
                ),
            )


class Drawings:
    """Draws the figures of many pages, each once, and looks whether every panel of it shows something measured."""

    def __init__(self) -> None:
        self.known: dict[tuple[Any, ...], Markup] = {}
        self.empty: list[str] = []

    def drawn(self, name: str, description: str, draw: Any, *given: Any, **named: Any) -> Markup:
        key = (name, description, draw, repr(given), repr(named))
        if key not in self.known:
            figure = draw(*given, **named)
            self.empty += (
                [] if all(shows(axes) for axes in figure.axes if axes.axison) else [description]
            )
            self.known[key] = Markup(svg_text(figure, name, description))
        return self.known[key]


def shows(axes: Axes) -> bool:
    """Tell whether there is a bar, a point or a line of at least one finite pair of numbers in a panel.

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


@pytest.fixture(name="drawings")
def fixture_drawings(monkeypatch: pytest.MonkeyPatch) -> Drawings:
    drawings = Drawings()
    monkeypatch.setattr("litesmith.report.drawing.drawn", drawings.drawn)
    return drawings


@pytest.mark.slow
def test_page_survives_whatever_is_absent(drawings: Drawings) -> None:
    failed, unnamed, whole = {}, [], render(small_inputs())
    for path, inputs in inputs_without_one_thing():
        try:
            page = render(inputs)
            outline(page)
        except Exception as error:
            failed[path] = repr(error)
            continue
        may_lack = (path[-2:-1] and path[-2] in OPEN) or path[-1] in OPTIONAL
        if not may_lack and reading(page) != reading(whole) and absences(page) <= absences(whole):
            unnamed.append(path)
    assert failed == {}
    assert drawings.known and drawings.empty == []
    assert unnamed == []


# What holds any number of things, of which the report cannot know that one is missing, and what may rightly be missing.
OPEN = {
    "rules", "expected", "observed", "suspicious", "network", "widths", "choices", "ablation", "layers", "shape",
    "variants", "checks", "candidates", "files", "splits", "versions", "parameters", "params",
}  # fmt: skip
OPTIONAL = {"num_unexpected", "precision"}


def reading(page: str) -> str:
    """Return what can be read in a page, its figures too."""
    return " ".join(" ".join(outline(page).text).split())


def absences(page: str) -> set[str]:
    """Return the sentences of a page that say what is not there."""
    listed = "".join(re.findall(r'<h3 id="absent">.*?</ol>', page, re.DOTALL))
    places = (
        (r"<li>(.*?)</li>", listed),
        (r'class="missing">(.*?)</p>', page),
        (r"<figcaption>(.*?)</figcaption>", page),
    )
    return {one for pattern, text in places for one in re.findall(pattern, text)}


def test_page_survives_whatever_the_reference_does_not_hold(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("litesmith.report.drawing.drawn", lambda *_, **__: Markup("<svg></svg>"))
    inputs = small_inputs()
    summary = dict(make_report(inputs).summary)
    paths = [
        path for path in every_path(summary) if len(path) == 1 or path[:2] == ("headline", "optimized")
    ]
    assert len(paths) > 20
    for path in paths:
        if path != ("schema_version",):
            for reference in (without(summary, *path), with_value(summary, *path, value=None)):
                page = render(dataclasses.replace(inputs, reference=reference))
                assert "Nothing to compare with" not in page, path


def test_absent_value_is_marked_and_named_with_its_place() -> None:
    inputs = report_inputs()
    results = without(inputs.results, "evaluate", "variants", FINAL, "gzip_bytes")
    page = render(dataclasses.replace(inputs, results=results))
    assert (
        f'title="the results of evaluate holds no variants.{FINAL}.gzip_bytes">n/r\u00a01</abbr>' in page
    )
    assert f"<li>the results of evaluate holds no variants.{FINAL}.gzip_bytes</li>" in page


def test_every_mark_bears_the_number_of_its_reason_in_the_list() -> None:
    inputs = report_inputs()
    said = without(dict(inputs.predictions.predicted), "tuned-keras")
    latency = without(inputs.latency, "variants", FINAL)
    predictions = dataclasses.replace(inputs.predictions, predicted=said)
    page = render(dataclasses.replace(inputs, latency=latency, predictions=predictions))
    (listed,) = re.findall(r'<h3 id="absent">.*?</ol>', page, re.DOTALL)
    reasons = re.findall(r"<li>(.*?)</li>", listed)
    marks = re.findall(r'<abbr class="absent" title="([^"]*)">n/r\u00a0(\d+)</abbr>', page)
    assert {reason for reason, _ in marks} >= {
        "the predictions hold no tuned-keras", f"the latency measurement holds no variants.{FINAL}",
    }  # fmt: skip
    assert [reasons[int(number) - 1] for _, number in marks] == [reason for reason, _ in marks]
    assert page.count("n/r\u00a0") == len(marks)


def test_devices_that_were_not_measured_are_named_with_the_reason() -> None:
    inputs = report_inputs()
    unmeasured = {
        name: {**one, "tool": None, "files": None}
        for name, one in inputs.results["evaluate"]["device"].items()
    }
    text = " ".join(outline(render(changed("evaluate", "device", to=unmeasured))).text)
    why = "evaluate.measure in params.yaml does not ask for it"
    assert f"Memory under TensorFlow Lite Micro was not measured: {why}" in text
    assert f"Cost on a neural processor was not measured: {why}" in text


def test_devices_that_are_not_recorded_are_named_with_the_reason() -> None:
    text = " ".join(outline(render(changed("evaluate", "device", to=None))).text)
    why = "the results of evaluate says null for device"
    assert f"What files take of devices is not shown: {why}" in text


@pytest.mark.parametrize(
    ("path", "said"),
    [
        (("evaluate", "variants"), '<td colspan="9">the results of evaluate says null for variants</td>'),
        (("convert", "files"), '<td colspan="7">the results of convert says null for files</td>'),
        (("convert", "final", "candidates"), '<td colspan="8">the results of convert says null for final.candidates'),
        (("convert", "files", FINAL, "checks"), f'says null for files.{FINAL}.checks</td>'),
        (("validate", "files"), '<td colspan="6">the results of validate says null for files</td>'),
        (("sweep", "winner", "network"), "network is not shown: the results of sweep says null for winner.network."),
        (("sweep", "trials"), "Not shown: the results of sweep says null for trials."),
        (("evaluate", "variants", FINAL, "confusion"), f"evaluate says null for variants.{FINAL}.confusion."),
    ],
)  # fmt: skip
def test_table_without_rows_says_why(path: tuple[str, ...], said: str) -> None:
    assert said in render(changed(*path, to=None))


def test_final_file_without_confidence_is_named() -> None:
    inputs = report_inputs()
    predictions = dataclasses.replace(
        inputs.predictions, confidence=without(dict(inputs.predictions.confidence), FINAL)
    )
    page = render(dataclasses.replace(inputs, predictions=predictions))
    assert f"Not shown, as the predictions hold no confidence of them: {FINAL}." in page
    assert (
        f"hold no confidence of {FINAL}: the pictures here stand in the order of the test images."
        in page
    )


def test_file_that_could_not_be_held_against_its_model_is_named() -> None:
    inputs = report_inputs()
    said = without(dict(inputs.predictions.predicted), "qat-keras")
    page = render(
        dataclasses.replace(inputs, predictions=dataclasses.replace(inputs.predictions, predicted=said))
    )
    assert "hold not both the file and its Keras model: qat-int8.</p>" in page


def test_absent_histories_leave_no_empty_figure() -> None:
    page = render(dataclasses.replace(report_inputs(), histories={"baseline": {}, "tuned": {}}))
    assert "Not drawn: no training history holds a column accuracy." in page
    assert page.count("Not drawn: ") == 3


def test_absent_latency_is_named() -> None:
    page = render(dataclasses.replace(report_inputs(), latency={}))
    assert "<li>the latency measurement holds no variants</li>" in page


def test_file_that_the_microcontrollers_runtime_refused_is_named_with_the_reason() -> None:
    page = render(report_inputs())
    assert "refused: tuned-int4.tflite does not run under TensorFlow Lite Micro 0: no kernel" in page
    assert "n/r" not in " ".join(outline(page).text)


def test_empty_records_of_making_are_named() -> None:
    page = render(dataclasses.replace(report_inputs(), made={"sweep": {}}))
    assert "<li>the record of making sweep holds no cpu_s</li>" in page
    assert "the record of making sweep holds no parameters" in page


def test_thumbnail_is_the_picture_dark_on_light() -> None:
    image = np.arange(28 * 28, dtype=np.uint64).reshape(28, 28).astype(np.uint8)
    encoded = png_address(image).removeprefix("data:image/png;base64,")
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
    np.testing.assert_array_equal(decoded, 255 - image)


def test_record_hands_out_what_is_absent_with_its_place() -> None:
    absences: dict[str, Absent] = {}
    record = Record({"a": {"b": [1]}}, "x.json", absences)
    assert record["a"]["b"][0] == 1
    assert record["a"]["c"]["d"].reason == "x.json holds no a.c"
    assert record["a"]["b"][1].reason == "x.json holds no a.b.1"
    assert list(absences) == ["x.json holds no a.c", "x.json holds no a.b.1"]


@pytest.mark.parametrize(
    ("written", "expected"),
    [
        (amount(65_536.0), "65\u2009536"),
        (amount(0.25), "0.250"),
        (breakable("reports/a<b.json"), "reports/<wbr>a&lt;b.json"),
        (breakable("sweep.space.widths"), "sweep.<wbr>space.<wbr>widths"),
        (code("run `a<b` now"), "run <code>a&lt;b</code> now"),
        (count(1234567), "1\u2009234\u2009567"),
        (points(-0.0126), "\u22121.26"),
        (points(-0.000001), "0.00"),
        (times(2.0, "smaller"), "2.0 times smaller"),
        (times(0.5, "smaller"), "2.0 times larger"),
        (times(0.5, "faster"), "2.0 times slower"),
        (times(1.01, "faster"), "the same"),
    ],
)
def test_numbers_are_written_for_reading(written: str, expected: str) -> None:
    assert written == expected
