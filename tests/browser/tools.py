"""What the browser tests need of the machine; where it is missing they are skipped, or fail if they are required."""

import json
import os
import shutil
import subprocess
from pathlib import Path
from typing import Any

import pytest

FOLDER = Path(__file__).parent
PICTURES = FOLDER / "pictures"

REQUIRED = "LITESMITH_REQUIRE_BROWSER" in os.environ


def missing(what: str) -> None:
    """Skip the test, or fail it where the browser tests are required."""
    text = f"{what} Without it nobody looks at the pages in this run."
    if REQUIRED:
        pytest.fail(text)
    pytest.skip(text)


def chromium() -> str:
    """Return the path of the system's Chromium."""
    found = (shutil.which(name) for name in ("chromium", "chromium-browser", "google-chrome"))
    path = next((one for one in found if one), None)
    if path is None:
        missing("Chromium is missing: `apt-get install chromium`.")
    return str(path)


def node_module(path: str) -> Path:
    """Return a file of the npm packages that package-lock.json pins."""
    found = FOLDER / "node_modules" / path
    if not found.exists():
        missing(
            f"{found.relative_to(FOLDER.parents[1])} is missing: `make browser` (needs Node and npm)."
        )
    return found


def barriers(page: Any) -> list[str]:
    """Return what axe calls serious or critical in an open page, every part that can be unfolded unfolded."""
    page.evaluate("document.querySelectorAll('details').forEach((one) => { one.open = true; })")
    page.evaluate(node_module("axe-core/axe.min.js").read_text())
    found = page.evaluate("axe.run(document, { resultTypes: ['violations'] })")["violations"]
    grave = [one for one in found if one["impact"] in ("serious", "critical")]
    return [
        f"{one['id']}: {len(one['nodes'])} times, first {one['nodes'][0]['html'][:200]}" for one in grave
    ]


def invalid(text: str, folder: Path) -> list[str]:
    """Return what html-validate finds wrong in a page; ``folder`` takes the page and the answer."""
    page, found = folder / "page.html", folder / "found.json"
    page.write_text(text)
    program, config = node_module(".bin/html-validate"), FOLDER / "html-validate.json"
    command = [program, "--config", config, "--formatter", f"json={found}", page]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120)
    assert found.exists(), done.stderr
    said = [message for file in json.loads(found.read_text()) for message in file["messages"]]
    return [f"{one['line']}:{one['column']} {one['ruleId']}: {one['message']}" for one in said]
