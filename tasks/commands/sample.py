"""The last report, a picture of it and the model in ``docs/``, for visitors."""

import shutil
import subprocess
import tempfile
from pathlib import Path
from types import MappingProxyType

from litesmith.errors import ContractError, MachineError
from litesmith.files import replacing, write_bytes
from tasks import catalog
from tasks.dag.checksums import md5_of
from tasks.dag.dvclock import LOCK, locked_outputs

SAMPLE = Path("docs/sample-report.html")
PICTURE = Path("docs/sample-report.png")
MODEL = Path("docs/sample-model.tflite")
# By where a run leaves them, which git ignores.
_COPIES = MappingProxyType(
    {
        catalog.REPORT: SAMPLE,
        catalog.FINAL_LITE: MODEL,
        catalog.FINAL_METADATA: MODEL.with_suffix(".json"),
    }
)

_BROWSERS = ("chromium", "chromium-browser", "google-chrome")
_OPTIONS = ("--headless", "--no-sandbox", "--disable-gpu", "--hide-scrollbars", "--window-size=1280,900")
_LIMIT_S = 120.0
_COLOURS = 128
# The PNG text field with the MD5 of the page that the picture shows.
_PAGE_MD5 = "page-md5"


def make_sample(root: Path) -> None:
    """Copy the last report and the final file to ``docs/``, with a picture.

    The picture shows the report's first screen.

    Raises:
        ContractError: There is no report, or no final file with its metadata.
        MachineError: There is no browser, or it fails; the copies are written all the same.
    """
    for source in _COPIES:
        if not (root / source).is_file():
            raise ContractError(
                f"{source} is missing. `dvc checkout` restores it, `make run` writes it."
            )
    for source, copy in _COPIES.items():
        write_bytes(root / copy, (root / source).read_bytes())
    with replacing(root / PICTURE) as part:
        _draw(root / SAMPLE, part)
        _reduce(part, md5_of(root / SAMPLE))


def check_sample(root: Path) -> None:
    """Compare the copies and the picture with the hashes in ``dvc.lock``.

    A fresh clone does not have DVC's cache, in which the files themselves lie.

    Raises:
        ContractError: They are of another run, or no run is recorded.
    """
    again = "`make sample` writes all of docs/sample-*; commit them."
    for source, copy in _COPIES.items():
        expected = _recorded(root, source)
        copied = md5_of(root / copy) if (root / copy).is_file() else "no file"
        if copied != expected:
            raise ContractError(
                f"{copy} is not the {source} of {LOCK}: expected MD5 {expected}, got {copied}. {again}"
            )
    expected, shown = _recorded(root, catalog.REPORT), _shown(root / PICTURE)
    if shown != expected:
        raise ContractError(
            f"{PICTURE} is not of that page: expected its MD5 {expected} in it, got {shown}. {again}"
        )


def model_or_sample(root: Path, model: Path) -> Path:
    """Return a model's file, or the sample for a final file that is missing.

    Any other file is returned as it is named, whether or not it exists.

    Args:
        root: The folder whose ``docs/`` is looked into.
        model: As a person named it.
    """
    is_final = (root / model).absolute() == (root / catalog.FINAL_LITE).absolute()
    return MODEL if is_final and not (root / model).exists() and (root / MODEL).is_file() else model


def _recorded(root: Path, path: Path) -> str:
    for outputs in locked_outputs(root).values():
        for output in outputs:
            if output.path == path and output.md5:
                return output.md5
    raise ContractError(f"{LOCK} records no {path}. `dvc repro` writes and records it.")


def _shown(picture: Path) -> str:
    """Return the MD5 of the page that a picture was drawn from."""
    from PIL import Image

    if not picture.is_file():
        return "no picture"
    with Image.open(picture) as opened:
        return str(opened.info.get(_PAGE_MD5, "a picture without it"))


def _draw(page: Path, target: Path) -> None:
    """Draw the first screen of a page with a browser."""
    browser = next((path for path in map(shutil.which, _BROWSERS) if path), None)
    if browser is None:
        raise MachineError(f"none of {', '.join(_BROWSERS)} is installed; one must draw the picture.")
    with tempfile.TemporaryDirectory(prefix="litesmith-") as profile:
        files = [f"--user-data-dir={profile}", f"--screenshot={target.resolve()}"]
        process = subprocess.run(
            [browser, *_OPTIONS, *files, page.resolve().as_uri()],
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
    """Rewrite a picture with few colours and the MD5 of its page."""
    from PIL import Image
    from PIL.PngImagePlugin import PngInfo

    about = PngInfo()
    about.add_text(_PAGE_MD5, page_md5)
    with Image.open(picture) as whole:
        whole.convert("RGB").quantize(_COLOURS).save(picture, optimize=True, pnginfo=about)
