"""Write ``docs/optimization-notes.md`` from the last report's summary, and check it as a lock file is checked."""

from pathlib import Path
from typing import Any

from litesmith.documents.notes import Evidence, render_notes
from litesmith.errors import ContractError
from litesmith.files import read_json, write_text
from litesmith.params.loading import read_params
from tasks import catalog

NOTES = Path("docs/optimization-notes.md")


def render(root: Path) -> str:
    """Return the notes that the summary below ``root`` gives.

    Raises:
        ContractError: There is no summary, or a figure in it is not recorded.
    """
    params, summary = read_params(root / catalog.PARAMS), _summary(root)
    swept, evaluated = (summary["made"][step]["parameters"] for step in ("sweep", "evaluate"))
    evidence = Evidence(
        results=summary["results"],
        latency=summary["latency"],
        made=summary["made"],
        limits=evaluated.get("device", {}),
        space=swept.get("params", {}).get("space", {}),
        image=(params.dataset.height, params.dataset.width, params.dataset.num_classes),
    )
    return render_notes(evidence)


def write(root: Path) -> None:
    """Write the notes below ``root``.

    Raises:
        ContractError: There is no summary, or a figure in it is not recorded.
    """
    write_text(root / NOTES, render(root))


def check(root: Path) -> None:
    """Compare the notes with the results.

    Raises:
        ContractError: They are not what `write` would write.
    """
    path = root / NOTES
    if not path.is_file() or path.read_text(encoding="utf-8") != render(root):
        raise ContractError(f"{NOTES} does not say what reports/ holds. Run `make notes` and commit it.")


def _summary(root: Path) -> dict[str, Any]:
    path = root / catalog.SUMMARY
    if not path.is_file():
        raise ContractError(
            f"{catalog.SUMMARY} is missing, which the notes quote. Run `dvc repro` to make it."
        )
    content: dict[str, Any] = read_json(path)
    return content
