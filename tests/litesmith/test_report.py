"""Tests of litesmith.report: the page as a whole and the numbers worked out for it."""

import base64
import copy
import dataclasses
import io
import re
from collections.abc import Iterator
from html.parser import HTMLParser
from typing import Any

import numpy as np
import pytest
from PIL import Image

from litesmith.report import compression, errors, provenance, sweep, tables
from litesmith.report.formats import count, points, times
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.page import render
from litesmith.report.pictures import png_address
from litesmith.report.records import Absent, Record
from litesmith.report.verdict import Difference, Verdict, budget, compared, judge
from tests.litesmith.report_inputs import CLASS_NAMES, FINAL, report_inputs, value_at, with_value, without

VOID = {"meta", "link", "img", "br", "path", "use", "rect", "circle"}


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


@pytest.fixture(name="page", scope="module")
def fixture_page() -> str:
    return render(report_inputs())


def test_page_is_the_same_each_time(page: str) -> None:
    assert render(report_inputs()) == page


def test_page_is_well_formed_with_unique_ids(page: str) -> None:
    ids = outline(page).ids
    assert page.startswith("<!DOCTYPE html>\n<html lang=")
    assert len(ids) == len(set(ids))


def test_page_needs_nothing_from_elsewhere(page: str) -> None:
    found = outline(page)
    assert all(address.startswith(("#", "data:")) for address in found.addresses)
    assert not [tag for tag, _ in found.tags if tag in ("script", "iframe", "object", "embed")]
    assert not re.search(r"@import|url\((?!#)", page)
    assert {address[1:] for address in found.addresses if address.startswith("#")} <= set(found.ids)


def test_page_has_landmarks_table_headers_and_texts_for_pictures(page: str) -> None:
    tags = outline(page).tags
    names = [tag for tag, _ in tags]
    assert [names.count(one) for one in ("header", "nav", "main", "footer", "h1")] == [1, 1, 1, 1, 1]
    assert all(named.get("scope") in ("row", "col") for tag, named in tags if tag == "th")
    assert all(named.get("alt") for tag, named in tags if tag == "img")
    assert all(named.get("aria-labelledby") for tag, named in tags if tag == "svg")
    assert names.count("svg") == 3 and names.count("img") == 24


def test_page_is_small(page: str) -> None:
    assert len(page.encode()) < 500_000


def test_page_names_every_part(page: str) -> None:
    text = " ".join(outline(page).text)
    parts = """better than the baseline and fits the device|Every variant|Device budget|Confusion matrix|By class
        |Training|Sweep|Sparsity by layer|Conversion|near empty images|Provenance|0123456789abcdef|20170828
        |great-expectations 1.24.1|pruned with dropout"""
    for part in parts.split("|"):
        assert part.strip() in text
    assert "n/r" not in text and "Not recorded" not in text


@pytest.mark.parametrize(("drawn", "times_named"), [(True, 1), (False, 0)])
def test_drawn_images_are_named_on_top(drawn: bool, times_named: int) -> None:
    assert render(report_inputs(drawn=drawn)).count(">drawn images, not Fashion-MNIST</p>") == times_named


def test_text_from_data_is_escaped() -> None:
    names = ["<script>alert(1)</script>", '"><img src=x>', "a & b", *"defghij"]
    page = render(report_inputs(class_names=names))
    assert "<script" not in page and "<img src=x" not in page
    assert "&lt;script&gt;" in page
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
    return dataclasses.replace(inputs, results=results, histories={}, made=made, max_thumbnails=1)


def inputs_without_one_thing() -> Iterator[tuple[tuple[Any, ...], ReportInputs]]:
    """Yield inputs in which one value is missing, and such in which a mapping, list or item of a list is null."""
    inputs = small_inputs()
    for field in ("results", "latency", "made"):
        content = getattr(inputs, field)
        for path in every_path(content):
            yield path, dataclasses.replace(inputs, **{field: without(content, *path)})
            if isinstance(path[-1], int) or isinstance(value_at(content, *path), dict | list):
                yield path, dataclasses.replace(inputs, **{field: with_value(content, *path, value=None)})


@pytest.mark.slow
def test_page_survives_whatever_is_absent(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("litesmith.plots.svg_text", lambda *_: "<svg></svg>")
    monkeypatch.setattr("litesmith.plots.draw_trials", lambda *_: None)
    failed = {}
    for path, inputs in inputs_without_one_thing():
        try:
            outline(render(inputs))
        except Exception as error:
            failed[path] = repr(error)
    assert failed == {}


def test_absent_value_is_marked_and_named_with_its_place() -> None:
    inputs = report_inputs()
    results = without(inputs.results, "evaluate", "variants", FINAL, "gzip_bytes")
    page = render(dataclasses.replace(inputs, results=results))
    assert f'title="the results of evaluate holds no variants.{FINAL}.gzip_bytes">n/r</abbr>' in page
    assert f"<li>the results of evaluate holds no variants.{FINAL}.gzip_bytes</li>" in page


def test_absent_histories_leave_no_empty_figure() -> None:
    page = render(dataclasses.replace(report_inputs(), histories={"baseline": {}, "tuned": {}}))
    assert "Not drawn: no training history holds a column accuracy." in page
    assert page.count("<svg") == 1


def test_absent_latency_is_named() -> None:
    page = render(dataclasses.replace(report_inputs(), latency={}))
    assert "<li>the latency measurement holds no variants</li>" in page


def test_empty_records_of_making_are_named() -> None:
    page = render(dataclasses.replace(report_inputs(), made={"sweep": {}}))
    assert "<li>the record of making sweep holds no cpu_s</li>" in page
    assert "the record of making sweep holds no parameters" in page


def difference(low: float, high: float) -> Difference:
    return Difference((low + high) / 2, low, high)


def verdict_of(inputs: ReportInputs, low: float = 0.01, high: float = 0.02) -> Verdict:
    records = Records(inputs)
    return judge(records, difference(low, high), budget(records, inputs.limits))


@pytest.mark.parametrize(
    ("low", "high", "sentence", "outcome"),
    [
        (0.01, 0.02, "The optimized model is better than the baseline and fits the device.", "good"),
        (-0.01, 0.02, "The optimized model is as accurate as the baseline and fits the device.", "good"),
        (-0.02, -0.01, "The optimized model is less accurate than the baseline and fits the device.", "bad"),
    ],
)
def test_verdict_follows_the_interval_of_the_difference(low: float, high: float, sentence: str, outcome: str) -> None:
    verdict = verdict_of(report_inputs(), low, high)
    assert (verdict.sentence, verdict.outcome) == (sentence, outcome)


def test_verdict_names_a_broken_limit() -> None:
    verdict = verdict_of(dataclasses.replace(report_inputs(), limits={"max_tflite_bytes": 90_000}))
    assert verdict.sentence == "The optimized model is better than the baseline but breaks the device's budget."
    assert verdict.reasons[1].text == f"over the device's limit: int8 file {count(96_248)} of {count(90_000)}."


def test_verdict_refuses_what_failed_its_checks() -> None:
    inputs = changed("convert", "files", FINAL, "checks", 0, "passed", to=False)
    verdict = verdict_of(inputs)
    assert verdict.sentence == "Do not ship this model: its converted files failed their checks."
    assert verdict.reasons[2].text == f"1 of 27 checks failed: {FINAL}: input."


def test_verdict_refuses_data_that_failed_validation() -> None:
    inputs = changed("validate", "passed", to=False)
    assert verdict_of(inputs).sentence == "Do not ship this model: the data failed validation."


def test_verdict_mentions_warnings_of_validation() -> None:
    inputs = changed("validate", "rules", 2, "success", to=False)
    assert verdict_of(inputs).reasons[3].text.endswith("1 of them with a warning: near_empty_images.")


def test_limit_that_nobody_measures_is_unknown() -> None:
    inputs = dataclasses.replace(report_inputs(), limits={"max_joules": 1.0})
    (line,) = budget(Records(inputs), inputs.limits)
    assert line.met is None and line.name == "joules"
    assert verdict_of(inputs).outcome == "unclear"


def test_models_are_compared_on_the_same_images() -> None:
    inputs = report_inputs()
    found = compared(inputs.predictions, FINAL)
    variants = inputs.results["evaluate"]["variants"]
    assert found.mean == pytest.approx(variants[FINAL]["accuracy"] - variants["baseline-keras"]["accuracy"])
    assert found.low < found.mean < found.high and found.outcome == "better"


def test_absent_predictions_cannot_be_compared() -> None:
    inputs = report_inputs()
    assert compared(inputs.predictions, "other").reason == "the predictions hold no other"


def test_headline_sets_baseline_against_optimized() -> None:
    inputs = report_inputs()
    rows = tables.headline(Records(inputs), difference(0.01, 0.03))
    assert [row.name for row in rows] == [
        "Test accuracy", "Keras model", "TFLite model", "TFLite model, gzip", "Median latency",
    ]  # fmt: skip
    assert rows[0].change == tables.Cell("+2.00 points", "+1.00 to +3.00")
    assert (rows[2].baseline.value, rows[2].optimized.value) == (count(903_420), count(96_248))
    assert [row.change.value for row in rows[1:]] == [
        "7.4 times smaller", "9.4 times smaller", "10.4 times smaller", "2.5 times faster",
    ]  # fmt: skip


def test_confused_pairs_are_the_most_frequent_mistakes() -> None:
    confusion = [[8, 2, 0], [1, 9, 0], [0, 5, 5]]
    first, second = errors.confused_pairs(confusion, ["a", "b", "c"], 2)
    assert first == errors.ConfusedPair("c", "b", 5, 0.5)
    assert second == errors.ConfusedPair("a", "b", 2, 0.2)


def test_matrix_shades_the_diagonal_by_row_and_mistakes_by_the_largest() -> None:
    found = errors.matrix([[8, 2], [4, 6]], ["a", "b"])
    assert [[cell.heat for cell in row] for row in found.rows] == [[0.8, 0.5], [1.0, 0.6]]
    assert [[cell.right for cell in row] for row in found.rows] == [[True, False], [False, True]]


def test_matrix_of_other_classes_is_refused_with_both_sizes() -> None:
    assert errors.matrix([[1]], ["a", "b"]).reason == "the confusion matrix is (1, 1) and there are 2 classes"


def test_thumbnails_are_the_surest_mistakes_first() -> None:
    inputs = report_inputs()
    shown = errors.thumbnails(inputs.predictions, FINAL, inputs.class_names, 3)
    assert [one.confidence for one in shown] == sorted((one.confidence for one in shown), reverse=True)
    assert all(one.actual != one.predicted for one in shown)


def test_thumbnail_is_the_picture_dark_on_light() -> None:
    image = np.arange(28 * 28, dtype=np.uint64).reshape(28, 28).astype(np.uint8)
    encoded = png_address(image).removeprefix("data:image/png;base64,")
    decoded = np.asarray(Image.open(io.BytesIO(base64.b64decode(encoded))))
    np.testing.assert_array_equal(decoded, 255 - image)


def test_trials_name_their_rungs_and_what_they_took() -> None:
    records = Records(report_inputs())
    names = sweep.rung_names(records["sweep"]["trials"])
    assert list(names.items()) == [(n, f"4 epochs of {5_000 * 2**n:,} images") for n in range(3)]
    assert sweep.cpu_seconds(records)[3] == 22.0


def test_ablation_is_measured_against_the_winner() -> None:
    rows = compression.ablation(Records(report_inputs()))
    assert [round(row.change, 4) for row in rows] == [0, 0.0002, -0.0026, -0.0012]


def test_versions_that_differ_name_their_steps() -> None:
    made = {"a": {"versions": {"numpy": "2.0"}}, "b": {"versions": {"numpy": "2.1"}}}
    records = Records(dataclasses.replace(report_inputs(), made=made)).made
    assert provenance.versions(records) == [("numpy", "2.0 (a); 2.1 (b)")]


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
