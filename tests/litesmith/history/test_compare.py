import json
import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.errors import ParamsError
from litesmith.files import write_text
from litesmith.history.changes import CodeChange, Topic, differences
from litesmith.history.compare import compare_accuracies, render_comparison
from litesmith.history.runs import Run
from litesmith.history.sides import Kept, Side, choose
from litesmith.records.record import write_record
from litesmith.records.service.release import InService, Pointers, no_pointers
from litesmith.records.summary import Summary
from litesmith.release.pointers import Key
from litesmith.report.older import parse_run
from litesmith.report.page import script_text
from litesmith.report.reference import packed
from tests.litesmith.history.made import night
from tests.litesmith.history.test_trends import nights
from tests.litesmith.release.made import DATASET, DEVICE, digest_of, make_decision, write_package
from tests.litesmith.report.report_inputs import report_summary

FINAL = "models/final.tflite"
UNKNOWN = CodeChange(unknown="no git")


def page(summary: Summary) -> str:
    """Return what matters of an archived page."""
    return f'<html><script type="application/json" id="summary">{script_text(summary)}</script></html>'


def changed(**values: Any) -> Summary:
    return report_summary().model_copy(update=values)


@pytest.fixture(name="kept")
def fixture_kept(tmp_path: Path) -> Kept:
    """Three nights, the last two with their pages, and a registry without a model."""
    write_record(tmp_path / "in-service.json", no_pointers())
    runs = [night(1, 0.93), night(2, 0.93, "archive/2.html"), night(3, 0.94, "archive/3.html")]
    for number in (2, 3):
        write_text(tmp_path / f"archive/{number}.html", page(report_summary()))
    pointers, packages = tmp_path / "in-service.json", tmp_path / "packages"
    return Kept(runs, tmp_path, pointers, packages, Key(DATASET, DEVICE))


def text_of(first: Side, second: Side, code: CodeChange = UNKNOWN) -> str:
    return " ".join(render_comparison(first, second, code, FINAL).split())


def by_name(topics: list[Topic]) -> dict[str, Topic]:
    return {topic.name: topic for topic in topics}


@pytest.mark.parametrize(
    ("words", "days"),
    [
        (("last", "before"), (3, 2)),
        (("before", "last"), (2, 3)),
        (("before", "20261102"), (1, 2)),
        (("20261101T023000Z-cat", "20261103"), (1, 3)),
    ],
)
def test_runs_are_named_by_words_and_beginnings(
    kept: Kept, words: tuple[str, str], days: tuple[int, int]
) -> None:
    assert tuple(side.started and side.started.day for side in choose(kept, *words)) == days


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("2026", "last"), r"3 runs begin with '2026'\. There are 20261103T023000Z-cat, 20261102"),
        (("lost", "20261101"), r"there is no run 'lost'\. Did you mean last\? There are 20261103"),
        (("last", "20261103"), "last and 20261103 both name 20261103T023000Z-cat"),
        (("before", "before"), "`before` means before the other run: name that one"),
        (("before", "20261101"), "no run with a result is recorded before 20261101T023000Z-cat"),
        (("last", "service"), r"no model is in service for digits/wearable\. `python -m tasks promote`"),
    ],
)
def test_what_names_no_run_is_refused_with_what_there_is(
    kept: Kept, words: tuple[str, str], message: str
) -> None:
    with pytest.raises(ParamsError, match=message):
        choose(kept, *words)


def test_without_runs_the_error_says_how_to_make_one(kept: Kept) -> None:
    with pytest.raises(
        ParamsError, match=r"no run is recorded here\. `python -m flows retrain` makes one"
    ):
        choose(replace(kept, runs=[]), "last", "before")


def test_the_same_images_are_compared_one_by_one(kept: Kept) -> None:
    first, second = choose(kept, "last", "before")
    assert first.made is not None and second.made is not None
    bits = np.zeros(first.made.right.num_images, bool)
    bits[:900] = True
    better = first.made.model_copy(
        update={"right": first.made.right.model_copy(update={"bits": packed(bits)})}
    )
    bits[:60] = False
    worse = second.made.model_copy(
        update={"right": second.made.right.model_copy(update={"bits": packed(bits)})}
    )
    sides = replace(first, made=better), replace(second, made=worse)
    compared = compare_accuracies(*sides)
    assert compared.counts == (60, 0, 840, 100) and compared.unpaired == ""
    assert compared.difference is not None and compared.difference.mean == pytest.approx(0.06)
    shown = text_of(*sides)
    assert (
        "60 were right in the first alone and 0 in the second alone" in shown
        and "image by image" in shown
    )


def test_other_images_are_not_compared_one_by_one(kept: Kept) -> None:
    first, second = choose(kept, "last", "before")
    assert second.made is not None
    data = {**second.made.data, "test split: SHA-256": "0" * 64, "test file: images": "7"}
    second = replace(second, made=second.made.model_copy(update={"data": data}))
    compared = compare_accuracies(first, second)
    assert compared.counts is None and compared.difference is not None
    assert compared.unpaired == "they answered different test images"
    told = by_name(differences(first, second, UNKNOWN))["Data"]
    assert told.summary == "Other images in test." and [row.name for row in told.rows] == [
        "test file: images"
    ]
    assert "not image by image" in text_of(first, second)


def test_a_run_whose_page_is_gone_is_compared_by_its_record(kept: Kept) -> None:
    first, second = choose(kept, "last", "20261101")
    compared = compare_accuracies(first, second)
    assert compared.difference is None and compared.gain is not None
    assert (
        compared.unpaired
        == "which images were got right is not known (cat: its page is not archived any more)"
    )
    topics = by_name(differences(first, second, UNKNOWN))
    assert (topics["Data"].differs, topics["Parameters"].differs) == (False, False)
    assert topics["Packages"].differs is None
    other = night(1, 0.93, data="others", parameters="others", deciding="others")
    topics = by_name(differences(first, replace(second, run=other), UNKNOWN))
    assert (topics["Data"].differs, topics["Parameters"].differs) == (True, True)
    workers = night(1, 0.93, parameters="more workers")
    topics = by_name(differences(first, replace(second, run=workers), UNKNOWN))
    assert topics["Parameters"].differs is False
    older = night(1, 0.93, parameters="others", deciding=None)
    topics = by_name(differences(first, replace(second, run=older), UNKNOWN))
    assert topics["Parameters"].differs is None
    assert "They differ, but maybe none that decides a result." in topics["Parameters"].summary
    shown = text_of(first, second)
    assert "maybe by chance alone" in shown and "without an interval" in shown


def test_a_run_without_a_result_is_told_as_such(kept: Kept) -> None:
    refused = night(4, None, error="StageError: the data was refused", refused=True)
    first, second = choose(replace(kept, runs=[*kept.runs, refused]), "last", "20261103")
    shown = text_of(first, second)
    assert (
        "20261104T023000Z-cat against 20261103T023000Z-cat: not compared, as cat left no accuracy."
        in shown
    )
    assert "<q>StageError: the data was refused</q>" in shown and "it was refused" in shown


@pytest.mark.parametrize(
    "broken", ["", "<html></html>", '<script type="application/json" id="summary">{</script>']
)
def test_a_page_that_cannot_be_read_is_said_to_be_one(kept: Kept, broken: str) -> None:
    write_text(kept.reports / "archive/2.html", broken)
    _, second = choose(kept, "last", "before")
    assert second.made is None and second.missing.startswith("its page ")


def test_times_compare_on_the_same_host_alone() -> None:
    sides = [Side(run.id, run, None, "gone", cost=run.record.result and run.record.result.cost) for run in (
        night(1, 0.93, latency_ms=0.203, host="a slow host"), night(2, 0.93, latency_ms=0.036),
        night(3, 0.93, latency_ms=0.030))]  # fmt: skip
    apart = text_of(sides[1], sides[0])
    assert "none: timed on different hosts, AMD EPYC" in apart and "82" not in apart
    assert "\u221216.7 % on the same host" in text_of(sides[2], sides[1])


def test_what_differs_is_ranked_by_its_weight(kept: Kept) -> None:
    first, second = choose(kept, "last", "before")
    content = json.loads(report_summary().model_dump_json())
    for step in content["provenance"].values():
        step["versions"] = {"jinja2": "9", "tensorflow": "9"}
        step["parameters"] = {
            "evaluate": {"x": 1},
            "dataset": {"key": 2},
            "sweep": {"rungs": 3},
            "gone": 1,
        }
    made = parse_run(json.dumps(content).encode(), "it")
    code = CodeChange(
        ("tasks/a.py", "litesmith/training/b.py", "litesmith/report/c.py", "litesmith/host.py"), 2
    )
    topics = differences(replace(first, made=made), second, code)
    assert [topic.name for topic in topics] == ["Data", "Code", "Parameters", "Packages", "Host"]
    told = by_name(topics)
    assert told["Code"].summary == "4 files differ, 2 commits apart."
    assert told["Code"].places == (
        "litesmith/training 1",
        "litesmith 1",
        "tasks 1",
        "litesmith/report 1",
    )
    sections = [row.name.partition(".")[0] for row in told["Parameters"].rows if row.before is None]
    assert sections == ["dataset", "sweep", "evaluate", "gone"]
    assert next(row.name for row in told["Packages"].rows) == "tensorflow"


def test_the_version_in_service_is_read_from_its_package(kept: Kept) -> None:
    model = b"one"
    summary = report_summary()
    made = parse_run(summary.model_dump_json().encode(), "it")
    folder = kept.packages / "digits-wearable-0001"
    reference = made.model_dump_json().encode()
    write_package(folder, make_decision(model), model, **{"reference.json": reference})
    pointer = InService(
        version="digits-wearable-0001",
        manifest_sha256=digest_of((folder / "manifest.json").read_bytes()),
        model_sha256=digest_of(model),
    )
    pointers = Pointers(
        kind="litesmith releases in service", schema_version=1, in_service={"digits/wearable": pointer}
    )
    write_record(kept.pointers, pointers)
    first, second = choose(kept, "last", "service")
    assert (second.label, second.run, second.missing) == ("digits-wearable-0001", None, "")
    assert "promote, in service. The gates say: promote." in text_of(first, second)
    with pytest.raises(ParamsError, match="the run that made digits-wearable-0001 is not recorded here"):
        choose(kept, "service", "before")
    runs = [*kept.runs, night(4, 0.94, file=digest_of(model))]
    _, second = choose(replace(kept, runs=runs), "20261103", "service")
    assert second.run is runs[-1] and second.cost is not None and second.label == "digits-wearable-0001"


@pytest.mark.parametrize(("digests", "same"), [("aa", True), ("ab", False)])
def test_the_same_file_is_no_difference(kept: Kept, digests: str, same: bool) -> None:
    sides = []
    for side, digest in zip(choose(kept, "last", "before"), digests, strict=True):
        assert side.made is not None
        inputs = {**side.made.inputs, FINAL: digest}
        sides.append(replace(side, made=side.made.model_copy(update={"inputs": inputs})))
    assert ("the same file, byte for byte" in text_of(*sides)) == same


def test_equal_inputs_give_equal_pages_without_script_or_network(kept: Kept) -> None:
    sides = choose(kept, "last", "before")
    shown = render_comparison(*sides, UNKNOWN, FINAL)
    assert shown == render_comparison(*sides, UNKNOWN, FINAL)
    assert "<script" not in shown and "http://" not in shown and "https://" not in shown
    nasty = night(3, 0.94, error="<script>alert(1)</script>\n")
    assert "<script" not in render_comparison(replace(sides[0], run=nasty), sides[1], UNKNOWN, FINAL)


def test_runs_of_earlier_versions_can_be_compared(kept: Kept) -> None:
    runs = [Run(run.id, run.record, None) for run in nights(0.93, 0.94)]
    shutil.rmtree(kept.reports / "archive")
    first, second = choose(replace(kept, runs=runs), "last", "before")
    assert "+1.00 points on test, maybe by chance alone." in text_of(first, second)


def test_runs_of_two_data_sets_are_not_judged_against_each_other(kept: Kept) -> None:
    first, second = choose(kept, "last", "before")
    assert second.made is not None
    data = {**second.made.data, "name": "Signs", "test split: SHA-256": "0" * 64}
    second = replace(second, made=second.made.model_copy(update={"data": data}))
    compared = compare_accuracies(first, second)
    assert (compared.gain, compared.difference, compared.counts) == (None, None, None)
    page = text_of(first, second)
    assert "they are of different data sets" in page and "more accurate on test" not in page
