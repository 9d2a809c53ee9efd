"""A real browser without network, for tests of what people look at."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.browser.tools import chromium, missing


@pytest.fixture(scope="module")
def browser() -> Iterator[Any]:
    """Start the system's Chromium, and stop it before other tests: while it is there no other event loop can run."""
    try:
        from playwright.sync_api import sync_playwright
    except ImportError:
        missing("Playwright is missing: `make browser`.")
    with sync_playwright() as playwright:
        started = playwright.chromium.launch(executable_path=chromium())
        yield started
        started.close()


@pytest.fixture
def open_page(browser: Any, tmp_path: Path) -> Iterator[Callable[..., Any]]:
    """Return a function that opens a page without network at a width, and notes what the browser complains of."""
    contexts = []

    def opened(text: str, width: int = 1280, **settings: Any) -> Any:
        path = tmp_path / f"page{len(contexts)}.html"
        path.write_text(text)
        context = browser.new_context(viewport={"width": width, "height": 900}, offline=True, **settings)
        contexts.append(context)
        context.set_default_timeout(60_000)
        page = context.new_page()
        page.complaints, page.asked = [], []
        page.on("console", lambda said: page.complaints.append(f"{said.type}: {said.text}"))
        page.on("pageerror", lambda error: page.complaints.append(str(error)))
        page.on("request", lambda request: page.asked.append(request.url))
        page.goto(path.as_uri())
        return page

    yield opened
    for context in contexts:
        context.close()
