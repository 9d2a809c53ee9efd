"""Write ``docs/optimization-notes.md`` from the recorded results, and check it as a lock file is checked."""

from pathlib import Path
from typing import Any

from litesmith.errors import ContractError
from litesmith.files import read_json, write_text
from litesmith.notes import Evidence, render_notes
from litesmith.params import read_params
from tasks import catalog

NOTES = Path("docs/optimization-notes.md")

_RESULTS = ("validate", "prepare", "baseline", "sweep", "sweep-timing", "prune", "convert", "evaluate")
_MADE = ("baseline", "sweep", "prune", "convert", "evaluate")


def render(root: Path) -> str:
    """Return the notes that the results below ``root`` give.

    Raises:
        ContractError: A result, or a figure in it, is not recorded.
    """
    params = read_params(root / catalog.PARAMS)
    made = {step: _read(root, catalog.made(step)) for step in _MADE}
    swept, evaluated = (made[step].get("parameters", {}) for step in ("sweep", "evaluate"))
    evidence = Evidence(
        results={step: _read(root, catalog.results(step)) for step in _RESULTS},
        latency=_read(root, catalog.metrics("latency")),
        made=made,
        limits=evaluated.get("device", {}),
        space=swept.get("params", {}).get("space", {}),
        image=(params.dataset.height, params.dataset.width, params.dataset.num_classes),
    )
    return render_notes(evidence)


def write(root: Path) -> None:
    """Write the notes below ``root``.

    Raises:
        ContractError: A result, or a figure in it, is not recorded.
    """
    write_text(root / NOTES, render(root))


def check(root: Path) -> None:
    """Compare the notes with the results.

    Raises:
        ContractError: They are not what `write` would write.
    """
    path = root / NOTES
    if not path.is_file() or path.read_text() != render(root):
        raise ContractError(f"{NOTES} does not say what reports/ holds. Run `make notes` and commit it.")


def _read(root: Path, path: Path) -> dict[str, Any]:
    if not (root / path).is_file():
        raise ContractError(f"{path} is missing, which the notes quote. Run `dvc repro` to make it.")
    content: dict[str, Any] = read_json(root / path)
    return content
