import json
import re
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from litesmith.files import write_json
from litesmith.history.index import render_index
from litesmith.history.runs import Run, read_runs
from litesmith.records.record import parse_record
from litesmith.records.run import GitState, RunRecord


def _record(day: int, **changed: Any) -> dict[str, Any]:
    stages = {
        "fetch": {"outcome": "UpToDate", "wall_s": 1.0, "step_wall_s": None, "step_cpu_s": None},
        "sweep": {"outcome": "Completed", "wall_s": 60.0, "step_wall_s": 58.0, "step_cpu_s": 110.0},
        "prune": {"outcome": "Restored", "wall_s": 9.0, "step_wall_s": None, "step_cpu_s": None},
    }
    result = {
        "final": "tuned-int8", "accuracy": 0.92 + day / 1000, "accuracy_interval": [0.915, 0.935], "bytes": 70512,
        "balance": {"accuracy": {"value": 0.91, "low": 0.9, "high": 0.92}, "chance": 0.1,
                    "worst": {"label": 6, "recall": {"value": 0.8, "low": 0.7, "high": 0.9}, "num_images": 1000}},
        "worst_class": "Shirt",
        "gzip_bytes": 50000, "verdict": {"outcome": "good", "sentence": "The optimized model is better."},
        "since_reference": {"mean": 0.0012, "low": -0.001, "high": 0.003},
        "gate": None, "cost": None, "conditions": None,
    }  # fmt: skip
    record = {
        "version": 7, "flow_run": "an-id", "name": "brave-cat", "profile": None, "command": "python -m flows retrain",
        "git": {"revision": "0123456789abcdef", "dirty": True, "unknown": None},
        "started": f"2026-11-{day:02d}T21:24:36+00:00", "startup_s": 9.5, "wall_s": 100.0, "steps_wall_s": 87.66,
        "overhead_s": 12.34, "steps_cpu_s": 140.0, "cpu_s": 150.0, "server_cpu_s": None, "stages": stages,
        "error": None, "refused": False, "synthetic": False, "result": result
    }  # fmt: skip
    return {**record, **changed}


def _run(day: int, page: str | None = None, **changed: Any) -> Run:
    return Run(f"202611{day:02d}-cat", _parsed(_record(day, **changed)), page)


def _parsed(record: dict[str, Any]) -> RunRecord:
    return parse_record(json.dumps(record), RunRecord, "the record")


REFUSED = (
    "RefusedError: stage validate: Fashion-MNIST was refused.\nlabel_range: expected labels from 0 to 9"
)

UNJUDGED = {"judge": {"outcome": "Failed", "wall_s": 1.0, "step_wall_s": None, "step_cpu_s": None}}


def test_the_time_line_has_each_stage_and_what_is_around_them() -> None:
    spans = _run(1).timeline
    assert [(span.name, span.words, span.wall_s) for span in spans] == [
        ("fetch", "was up to date", 1.0),
        ("sweep", "ran", 60.0),
        ("prune", "restored from the cache", 9.0),
        ("around the stages", "before, between and after them", 30.0),
    ]
    assert sum(span.share for span in spans) == pytest.approx(1)
    assert [span.cpu_s for span in spans] == [None, 110.0, None, None]


def test_the_time_line_of_a_run_that_ended_before_any_stage_is_whole() -> None:
    (span,) = _run(1, stages={}, wall_s=0.0).timeline
    assert (span.name, span.share) == ("around the stages", 1.0)


@pytest.mark.parametrize(
    ("record", "state"),
    [
        ({}, "done"),
        ({"error": REFUSED, "refused": True}, "refused"),
        ({"error": "StageError: stage judge: no", "refused": True, "stages": UNJUDGED}, "invalid"),
        ({"error": "StageError: stage sweep: DVC ended with -9."}, "failed"),
        ({"error": "KeyboardInterrupt: "}, "stopped"),
        ({"error": "TerminationSignal: 15"}, "stopped"),
    ],
)
def test_the_state_of_a_run_is_told_from_its_record(record: dict[str, Any], state: str) -> None:
    assert _run(1, **record).state == state


def test_the_page_lists_the_last_run_first_with_its_figures() -> None:
    page = render_index([_run(1, "archive/20261101-cat.html"), _run(2)])
    assert page.index("20261102-cat") < page.index("20261101-cat")
    assert "Last run, 2 Nov 2026, 21:24 UTC:\nthe optimized model is better." in page
    assert '<a href="archive/20261101-cat.html">Report<' in page
    assert page.count("No page archived") == 1
    flat = re.sub(r"\s+", " ", page)
    for shown in (
        "92.20",
        "91.50 to 93.50",
        "<dt>Balanced accuracy, %</dt><dd>91.00 <small>least of Shirt: 80.0 of 1 000</small>",
        "70 512",
        "<code>0123456</code> with changes",
        "1 min 40 s",
        "12.3 s",
        "+0.12",
    ):
        assert shown in flat
    assert "sweep ran, 1 min 0 s; " in page
    assert 'style="width:60.000%"' in page


def test_a_refused_a_failed_and_a_stopped_run_are_shown_as_such() -> None:
    refused = _run(3, "archive/20261103-cat.html", error=REFUSED, refused=True, result=None)
    failed = _run(2, error="StageError: stage sweep: it broke", result=None)
    stopped = _run(1, error="KeyboardInterrupt: ", result=None)
    page = render_index([stopped, failed, refused])
    assert "21:24 UTC:\nthe data was refused." in page
    assert '<a href="archive/20261103-cat.html">Refusal page<' in page
    assert [words in page for words in ("✗ Data refused", "✗ Failed", "✗ Stopped")] == [True] * 3
    assert "label_range: expected labels from 0 to 9" in page
    assert "Not drawn: no kept run recorded an accuracy." in page


def test_a_run_without_a_result_is_shown_with_what_it_holds() -> None:
    page = render_index([_run(1, result=None, startup_s=None)])
    assert "done, its verdict is not recorded" in page
    assert page.count('title="this run ended without a result"') == 3
    assert "to start" not in page
    judged = {**_record(1)["result"], "verdict": None, "since_reference": None, "balance": None}
    page = render_index([_run(1, result=judged)])
    assert page.count('title="the report left no verdict"') == 1
    assert "Since reference" not in page and "Balanced accuracy" not in page


class _Tags(HTMLParser):
    def __init__(self, page: str) -> None:
        super().__init__()
        self.tags: list[tuple[str, dict[str, str | None]]] = []
        self.feed(page)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append((tag, dict(attrs)))


def test_nothing_in_a_record_becomes_markup_and_nothing_is_loaded() -> None:
    nasty = '"><script>alert(1)</script><img src=http://x.test/>'
    record = json.loads(json.dumps(_record(1)).replace("brave-cat", "NASTY"))
    record |= {
        "name": nasty,
        "command": nasty,
        "profile": nasty,
        "error": f"StageError: {nasty}\n{nasty}",
    }
    record["git"] = {"revision": nasty, "dirty": None, "unknown": nasty}
    record["stages"] = {nasty: record["stages"]["fetch"]}
    verdict = {"outcome": "good", "sentence": nasty}
    good = _run(2, result={**record["result"], "final": nasty, "verdict": verdict})
    page = render_index([Run(nasty, _parsed(record), f"archive/{nasty}.html"), good], [nasty])
    tags = _Tags(page).tags
    assert not {"script", "img", "iframe", "object"} & {tag for tag, _ in tags}
    assert not [value for _, attrs in tags for name, value in attrs.items() if name.startswith("on")]
    loaded = [attrs["href"] for tag, attrs in tags if tag == "link"]
    assert loaded == ["data:,"]
    assert not re.search(r"https?://(?!x\.test)", page)
    assert "default-src 'none'" in page


def test_ids_on_the_page_are_used_once() -> None:
    ids = [attrs["id"] for _, attrs in _Tags(render_index([_run(1), _run(2)])).tags if "id" in attrs]
    assert len(ids) == len(set(ids))


def test_without_any_run_the_page_says_how_to_make_one() -> None:
    assert "No run is recorded yet." in render_index([])


def test_records_are_read_in_order_of_time_and_broken_ones_are_named(tmp_path: Path) -> None:
    records, pages = tmp_path / "runs", tmp_path / "archive"
    write_json(records / "b.json", _record(1))
    write_json(records / "a.json", _record(2))
    write_json(records / "list.json", [])
    write_json(records / "timeless.json", {"name": "x"})
    write_json(records / "odd.json", _record(3, wall_s="long"))
    (records / "half.json").write_text('{"started": ')
    pages.mkdir()
    (pages / "a.html").write_text("page")
    runs, unreadable = read_runs(records, pages)
    assert [(run.id, run.page) for run in runs] == [("b", None), ("a", "archive/a.html")]
    assert unreadable == ["half.json", "list.json", "odd.json", "timeless.json"]
    assert "half.json, list.json, odd.json, timeless.json" in render_index(runs, unreadable)


def test_the_same_records_give_the_same_page() -> None:
    assert render_index([_run(1), _run(2)]) == render_index([_run(1), _run(2)])


def test_an_index_with_a_run_on_drawn_images_says_so() -> None:
    banner = ">synthetic images</p>"
    assert banner not in render_index([_run(1), _run(2, result=None, error="x", synthetic=None)])
    assert render_index([_run(1, result=None, synthetic=True)]).count(banner) == 1
    assert render_index([_run(1), _run(2, synthetic=True)]).count(banner) == 1


@pytest.mark.parametrize(
    ("git", "told"),
    [
        (
            GitState(revision="0123456789abcdef", dirty=True, unknown=None),
            "<code>0123456</code> with changes",
        ),
        (GitState(revision="0123456789abcdef", dirty=False, unknown=None), "<code>0123456</code>"),
        (
            GitState(revision=None, dirty=None, unknown="git is <not> installed"),
            "unknown: git is &lt;not&gt; installed",
        ),
        (
            GitState(revision="0123456789abcdef", dirty=None, unknown="bad index"),
            "<code>0123456</code>, changes unknown: bad index",
        ),
    ],
)
def test_the_page_tells_what_git_knew_or_why_it_did_not(git: GitState, told: str) -> None:
    page = render_index([_run(1, git=git.model_dump())])
    (fact,) = re.findall(r"<dt>Git revision</dt><dd>(.*?)</dd>", page, re.DOTALL)
    assert " ".join(fact.split()) == told


def test_records_that_somebody_edited_cost_no_run_its_index(tmp_path: Path) -> None:
    write_json(tmp_path / "good.json", _record(1))
    write_json(tmp_path / "local.json", _record(2, started="2026-11-02T00:00:00"))
    (tmp_path / "latin.json").write_bytes('{"name": "é"}'.encode("latin-1"))
    (tmp_path / "wide.json").write_bytes(json.dumps(_record(3)).encode("utf-16"))
    (tmp_path / "nan.json").write_text(json.dumps(_record(3, wall_s=float("nan"))))
    (tmp_path / "deep.json").write_text("[" * 100_000)
    (tmp_path / "list.json").write_text("[1]")
    (tmp_path / "null.json").write_text("null")
    (tmp_path / "folder.json").mkdir()
    (tmp_path / "link.json").symlink_to("nowhere")
    runs, unreadable = read_runs(tmp_path, tmp_path)
    assert [run.id for run in runs] == ["good", "local"]
    wrong = ["deep", "folder", "latin", "link", "list", "nan", "null", "wide"]
    assert unreadable == [f"{name}.json" for name in wrong]
    assert "folder.json" in render_index(runs, unreadable)
