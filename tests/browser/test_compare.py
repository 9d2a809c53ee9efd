"""The comparison of two runs in a real browser: it fits every width, asks for nothing, and nobody is kept out."""

import json
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litesmith.history.changes import CodeChange
from litesmith.history.compare import render_comparison
from litesmith.history.sides import Side
from litesmith.report.older import parse_run
from tests.browser.tools import PICTURES, barriers, invalid
from tests.litesmith.history.made import night
from tests.litesmith.report.report_inputs import report_summary

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

Open = Callable[..., Any]


@pytest.fixture(scope="module")
def comparison() -> str:
    """Render a comparison in which everything differs, some of it at length."""
    content = json.loads(report_summary().model_dump_json())
    before = parse_run(json.dumps(content).encode(), "it")
    for step in content["provenance"].values():
        step["versions"] = {"tensorflow": "9.9"}
        step["host"]["cpu"] = "Averyverylongprocessornamewithoutanyspaceinit " * 4
        step["parameters"] |= {"sweep": {f"choice_{number}": [number] * 90 for number in range(20)}}
    now = parse_run(json.dumps(content).encode(), "it")
    data = {**now.data, "train file: images": "7", "gate split: SHA-256": "0" * 64}
    runs = night(2, 0.94, "archive/2.html"), night(1, 0.93, "archive/1.html", host="another host")
    costs = [run.record.result.cost if run.record.result else None for run in runs]
    code = CodeChange(tuple(f"litesmith/package{number}/module.py" for number in range(30)), 40)
    return render_comparison(
        Side(runs[0].id, runs[0], now.model_copy(update={"data": data}), cost=costs[0]),
        Side(runs[1].id, runs[1], before, cost=costs[1]),
        code,
        "models/final.tflite",
    )


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_comparison_fits_and_is_kept_as_a_picture(
    open_page: Open, comparison: str, width: int, scheme: str
) -> None:
    page = open_page(comparison, width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert page.complaints == [] and [one for one in page.asked if one[:5] != "data:"] == [page.url]
    assert page.locator("button, input, select, script").count() == 0
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"compare-{width}-{scheme}.png", full_page=True)
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    assert page.evaluate("document.documentElement.scrollWidth") == width


@pytest.mark.parametrize("width", [390, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_comparison_has_no_barrier_that_axe_calls_serious(
    open_page: Open, comparison: str, width: int, scheme: str
) -> None:
    assert barriers(open_page(comparison, width, color_scheme=scheme)) == []


def test_a_comparison_is_valid_html(comparison: str, tmp_path: Path) -> None:
    assert invalid(comparison, tmp_path) == []
