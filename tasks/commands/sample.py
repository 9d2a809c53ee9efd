"""The last report and a picture of it in ``docs/``, for visitors."""

import hashlib
import shutil
import subprocess
import tempfile
from pathlib import Path

from litesmith.errors import ContractError, MachineError
from litesmith.files import replacing, write_bytes
from tasks import catalog
from tasks.dag.dvclock import LOCK, locked_outputs

SAMPLE = Path("docs/sample-report.html")
PICTURE = Path("docs/sample-report.png")

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_WINDOW = "1280,900"
_LIMIT_S = 120.0
_COLOURS = 128
# Under this name the picture holds the MD5 of the page that it shows.
_PAGE_MD5 = "page-md5"


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
    page = report.read_bytes()
    write_bytes(root / SAMPLE, page)
    with replacing(root / PICTURE) as part:
        _photograph(root / SAMPLE, part)
        _reduce(part, _md5(page))


def check_sample(root: Path) -> None:
    """Compare the copy and its picture with the report that ``dvc.lock`` records.

    The report itself lies in DVC's cache, which a fresh clone does not have: its hash is enough.

    Args:
        root: The project's folder.

    Raises:
        ContractError: They are not what `make_sample` would make of that report, or no report is
            recorded.
    """
    expected, again = _recorded(root), "`make sample` makes both; commit them."
    copied = _md5((root / SAMPLE).read_bytes()) if (root / SAMPLE).is_file() else "no file"
    if copied != expected:
        raise ContractError(
            f"{SAMPLE} is not the report of {LOCK}: expected MD5 {expected}, got {copied}. {again}"
        )
    shown = _shown(root / PICTURE)
    if shown != expected:
        raise ContractError(
            f"{PICTURE} is not of that page: expected its MD5 {expected} in it, got {shown}. {again}"
        )


def _recorded(root: Path) -> str:
    """Return the MD5 that DVC recorded of the report."""
    for outputs in locked_outputs(root).values():
        for output in outputs:
            if output.path == catalog.REPORT and output.md5:
                return output.md5
    raise ContractError(f"{LOCK} records no {catalog.REPORT}. `dvc repro` makes it and records it.")


def _md5(content: bytes) -> str:
    return hashlib.md5(content, usedforsecurity=False).hexdigest()


def _shown(picture: Path) -> str:
    """Return the MD5 of the page that a picture was drawn from."""
    from PIL import Image

    if not picture.is_file():
        return "no picture"
    with Image.open(picture) as opened:
        return str(opened.info.get(_PAGE_MD5, "a picture that does not say"))


def _photograph(page: Path, target: Path) -> None:
    """Draw the first screen of a page with a browser."""
    browser = next((path for path in map(shutil.which, _BROWSERS) if path), None)
    if browser is None:
        raise MachineError(
            f"none of {', '.join(_BROWSERS)} is installed, one of which draws the picture."
        )
    with tempfile.TemporaryDirectory(prefix="litesmith-") as profile:
        options = [
            "--headless",
            "--no-sandbox",
            "--disable-gpu",
            "--hide-scrollbars",
            f"--user-data-dir={profile}",
        ]
        command = [browser, *options, f"--window-size={_WINDOW}", f"--screenshot={target.resolve()}"]
        process = subprocess.run(
            [*command, page.resolve().as_uri()],
            capture_output=True,
            encoding="utf-8",
            errors="replace",
            timeout=_LIMIT_S,
            check=False,
        )
    if process.returncode or not target.is_file():
        raise MachineError(
            f"{browser} drew no picture of {page}, it ended with {process.returncode}:\n{process.stderr}"
        )


def _reduce(picture: Path, page_md5: str) -> None:
    """Write a picture with few colours, and with the hash of its page."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    about = PngInfo()
    about.add_text(_PAGE_MD5, page_md5)
    with Image.open(picture) as whole:
        whole.convert("RGB").quantize(_COLOURS).save(picture, optimize=True, pnginfo=about)
