"""Put the last report where a visitor sees it before running anything, with a picture of its first screen."""

import shutil
import subprocess
import tempfile
from pathlib import Path

from litesmith.errors import ContractError, MachineError
from litesmith.files import replacing, write_bytes
from tasks import catalog

SAMPLE = Path("docs/sample-report.html")
PICTURE = Path("docs/sample-report.png")

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_WINDOW = "1280,900"
_LIMIT_S = 120.0
_COLOURS = 128


def make_sample(root: Path) -> None:
    """Copy the last report to `SAMPLE` and draw its first screen to `PICTURE`.

    Args:
        root: The project's folder.

    Raises:
        ContractError: There is no report.
        MachineError: There is no browser to draw it with, or it fails; the copy is made all the same.
    """
    report = root / catalog.REPORT
    if not report.is_file():
        raise ContractError(
            f"{catalog.REPORT} is missing. `dvc checkout` brings it from the cache, `make run` makes it."
        )
    write_bytes(root / SAMPLE, report.read_bytes())
    with replacing(root / PICTURE) as part:
        _photograph(root / SAMPLE, part)
        _reduce(part)


def _photograph(page: Path, target: Path) -> None:
    """Draw the first screen of a page as a browser without network or history shows it, in light colours."""
    browser = next((path for path in map(shutil.which, _BROWSERS) if path), None)
    if browser is None:
        raise MachineError(f"none of {', '.join(_BROWSERS)} is installed, one of which draws the picture.")
    with tempfile.TemporaryDirectory(prefix="litesmith-") as profile:
        options = ["--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", f"--user-data-dir={profile}"]
        command = [browser, *options, f"--window-size={_WINDOW}", f"--screenshot={target.resolve()}"]
        done = subprocess.run(
            [*command, page.resolve().as_uri()], capture_output=True, text=True, timeout=_LIMIT_S, check=False
        )
    if done.returncode or not target.is_file():
        raise MachineError(f"{browser} drew no picture of {page}, it ended with {done.returncode}:\n{done.stderr}")


def _reduce(picture: Path) -> None:
    """Write a picture anew with few colours, which a page of text does not miss, a third as large."""
    from PIL import Image

    with Image.open(picture) as whole:
        whole.convert("RGB").quantize(_COLOURS).save(picture, optimize=True)
