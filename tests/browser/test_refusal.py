"""The page of a refusal in a real browser: it fits every width, asks for nothing, and nobody is kept out."""

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.documents.chapters import Occasion, render_invalid
from litesmith.records.validate import DatasetName
from tests.browser.tools import PICTURES, barriers, invalid
from tests.litesmith.data.quality.sets import base, draw
from tests.litesmith.data.quality.test_result import checked

pytestmark = [pytest.mark.browser, pytest.mark.slow, pytest.mark.xdist_group("browser")]

Open = Callable[..., Any]

SET = DatasetName(name="Shapes", synthetic=False)
OCCASION = Occasion(
    datetime(2026, 11, 30, 2, 30, tzinfo=UTC), "20261130T023000Z-brave-cat", "python -m flows retrain"
)


@pytest.fixture(scope="module")
def refusal() -> str:
    """Render a refusal with pairs, foreign labels, a dark batch and test labels that do not fit."""
    from litesmith.documents.refusal import render_refusal

    train, test = base()
    train.labels[:3] = -1
    train.images[7], train.labels[7] = train.images[4], (train.labels[4] + 1) % 4
    train.images[9], train.labels[9] = train.images[5], train.labels[5]
    wrong = test.of(labels=np.where(np.arange(100) < 60, (test.labels + 1) % 4, test.labels))
    dark = draw("a-batch-with-a-long-name-and-no-space-in-it", 240, 11)
    long = "averyveryverylonglabelwithoutanyspaceinit"
    found = checked(
        train, wrong, dark.of(images=dark.images // 2), foreign={0: "boot", 1: "10", 2: long}
    )
    return render_refusal(SET, found, OCCASION, None)


@pytest.fixture(scope="module")
def unjudged() -> str:
    """Render the page of a file that could not be judged."""
    return render_invalid(SET, "15 gate images are left, expected 100: add images.", OCCASION)


@pytest.mark.parametrize("width", [390, 768, 1280])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_refusal_fits_and_is_kept_as_a_picture(
    open_page: Open, refusal: str, width: int, scheme: str
) -> None:
    page = open_page(refusal, width, color_scheme=scheme)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    broken = "[...document.images].filter((one) => !one.complete || !one.naturalWidth).length"
    assert page.evaluate("document.images.length") > 20 and page.evaluate(broken) == 0
    assert page.complaints == [] and len([one for one in page.asked if not one.startswith("data:")]) == 1
    PICTURES.mkdir(exist_ok=True)
    page.screenshot(path=PICTURES / f"refusal-{width}-{scheme}.png", full_page=True)


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_a_refusal_has_no_barrier_that_axe_knows(
    open_page: Open, refusal: str, unjudged: str, scheme: str
) -> None:
    for text in (refusal, unjudged):
        page = open_page(text, 390, color_scheme=scheme)
        assert barriers(page) == []
        rules = "{ runOnly: ['heading-order', 'page-has-heading-one', 'landmark-one-main', 'region'] }"
        assert page.evaluate(f"axe.run(document, {rules})")["violations"] == []


def test_a_refusal_is_valid_html(refusal: str, unjudged: str, tmp_path: Path) -> None:
    assert invalid(refusal, tmp_path) == []
    assert invalid(unjudged, tmp_path) == []
