"""The index of runs in a real browser: it fits every width, asks for nothing, and nobody is kept out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litesmith.history.index import render_index
from litesmith.history.runs import Run
from litesmith.history.served import Served
from litesmith.records.record import parse_record
from litesmith.records.run import RunRecord
from litesmith.records.service.release import LogLine
from litesmith.release.pointers import Key
from tests.browser.tools import PICTURES, barriers, invalid
from tests.flows.run_content import run_content, stage_content
from tests.litesmith.history.made import result_content

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

Open = Callable[..., Any]

STAGES = {
    "fetch": 2.0,
    "validate": 9.0,
    "prepare": 5.0,
    "baseline": 220.0,
    "sweep": 980.0,
    "report": 6.0,
}
REFUSED = "StageError: stage validate: Fashion-MNIST was refused.\nlabel_range: expected labels from 0 to 9; got train 42"


def _run(day: int, outcome: str, page: str | None = None, **changed: Any) -> Run:
    ran = outcome == "Completed"
    stages = {
        name: {**stage_content(outcome), "wall_s": wall_s if ran else 0.4}
        for name, wall_s in STAGES.items()
    }
    verdict = {
        "outcome": ["bad", "good", "unclear"][day % 3],
        "sentence": f"Promote tuned-int8: it is better than on day {day}.",
    }
    result = result_content(
        0.92 + day / 2000,
        num_bytes=70512 + 10 * day,
        latency_ms=0.04 + day / 1000,
        host="a slow host" if day == 1 else "a fast host",
        file=f"{day:064d}",
    )
    result |= {
        "balance": {"accuracy": {"value": 0.91, "low": 0.9, "high": 0.92}, "chance": 0.1,
                    "worst": {"label": 6, "recall": {"value": 0.8, "low": 0.7, "high": 0.9}, "num_images": 1000}},
        "worst_class": "Shirt", "verdict": verdict,
        "since_reference": {"mean": 0.0012, "low": -0.001, "high": 0.003},
    }  # fmt: skip
    record = run_content(
        f"2026-11-{day:02d}T02:30:00+00:00",
        name="thankful-armadillo",
        profile="nightly" if day % 2 else None,
        command="python -m flows retrain --profile nightly",
        git={"revision": "0123456789abcdef", "dirty": bool(day % 2), "unknown": None},
        startup_s=9.5,
        overhead_s=12.34,
        cpu_s=2500.0,
        wall_s=1250.0 if ran else 6.0,
        stages=stages,
        result=result,
    )
    parsed = parse_record(json.dumps({**record, **changed}), RunRecord, "the record")
    return Run(f"202611{day:02d}T023000Z-thankful-armadillo", parsed, page)


@pytest.fixture(scope="module")
def index() -> str:
    """Render an index with a run of every kind."""
    failed = {
        "fetch": {**stage_content("Completed"), "wall_s": 2.2},
        "validate": {**stage_content("Failed"), "wall_s": 9.1},
    }
    runs = [
        _run(1, "Completed", "archive/a.html"),
        _run(2, "UpToDate", "archive/b.html"),
        _run(3, "Restored"),
        _run(
            4,
            "Completed",
            "archive/c.html",
            error=REFUSED,
            refused=True,
            result=None,
            stages=failed,
            wall_s=14.0,
        ),
        _run(5, "Completed", error="KeyboardInterrupt: ", result=None, stages={}, wall_s=3.0),
        _run(6, "Completed", result=None, git={"revision": None, "dirty": None, "unknown": "no git"}),
        *(_run(day, "Completed", started=f"2026-11-{day:02d}T23:30:00-03:30") for day in range(7, 15)),
    ]
    when = dict.fromkeys(("before", "by", "revision", "outcome", "decision_sha256", "candidate_sha256",
                          "gate_sha256", "gate_images", "discordant"))  # fmt: skip
    moves = [
        LogLine.model_validate_json(json.dumps({
            **when, "when": f"2026-11-{day:02d}T09:00:00+01:00", "event": event, "dataset": "digits",
            "device": "wearable", "version": "digits-wearable-0001", "why": "It is better.",
        }))
        for day, event in ((9, "rolled back"), (8, "promoted"))
    ]  # fmt: skip
    served = Served(
        Key("digits", "wearable"), " --data digits", "digits-wearable-0001", tuple(moves), 0, None
    )
    return render_index(runs, ["half.json"], served)


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_index_fits_and_is_kept_as_a_picture(
    open_page: Open, index: str, width: int, scheme: str
) -> None:
    page = open_page(index, width, color_scheme=scheme)
    assert page.title() == "litesmith runs"
    assert page.evaluate("document.documentElement.scrollWidth") == width
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"index-{width}-{scheme}.png", full_page=True)


def test_the_index_asks_for_nothing_and_no_error_is_logged(open_page: Open, index: str) -> None:
    page = open_page(index)
    assert page.complaints == []
    assert [address for address in page.asked if not address.startswith("data:")] == [page.url]
    assert [link.get_attribute("href") for link in page.get_by_role("link", name="Report").all()] == (
        ["archive/b.html", "archive/a.html"]
    )


def test_a_time_line_is_as_long_as_its_run(open_page: Open, index: str) -> None:
    page = open_page(index)
    line = page.locator(".line").last
    widths = line.locator("span").evaluate_all(
        "spans => spans.map((one) => one.getBoundingClientRect().width)"
    )
    whole = line.bounding_box()["width"]
    assert sum(widths) == pytest.approx(whole, rel=0.02)
    assert widths[4] / whole == pytest.approx(980 / 1250, abs=0.02)


@pytest.mark.parametrize("width", [390, 1280])
def test_a_name_in_a_time_line_is_seen_whole_or_not_at_all(
    open_page: Open, index: str, width: int
) -> None:
    page = open_page(index, width)
    places = page.locator(".line b").evaluate_all(
        """names => names.map((one) => {
          const name = one.getBoundingClientRect(), part = one.parentElement.getBoundingClientRect();
          return [name.top >= part.bottom - 1, name.right <= part.right + 0.5];
        })"""
    )
    assert {hidden for hidden, _ in places} == {True, False}
    assert all(hidden or whole for hidden, whole in places)


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_index_has_no_barrier_that_axe_calls_serious(
    open_page: Open, index: str, width: int, scheme: str
) -> None:
    assert barriers(open_page(index, width, color_scheme=scheme)) == []


def test_the_index_is_valid_html(index: str, tmp_path: Path) -> None:
    assert invalid(index, tmp_path) == []
