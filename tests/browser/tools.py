"""What the browser tests need of the machine; where it is missing they are skipped, or fail if they are required."""

import os
import shutil
from pathlib import Path

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
        missing(f"{found.relative_to(FOLDER.parents[1])} is missing: `make browser` (needs Node and npm).")
    return found
