"""Write and check ``docs/optimization-notes.md`` by the last report's summary."""

from pathlib import Path

from litesmith.errors import ContractError
from litesmith.files import write_text
from tasks import catalog

NOTES = Path("docs/optimization-notes.md")


def render(root: Path) -> str:
    """Return the notes that the summary below ``root`` gives.

    Raises:
        ContractError: There is no summary, or the notes quote a file that was not made.
        DataError: The summary is not one of this version.
    """
    from litesmith.documents.notes import render_notes
    from litesmith.records.record import read_record
    from litesmith.records.summary import Summary

    path = root / catalog.SUMMARY
    if not path.is_file():
        raise ContractError(
            f"{catalog.SUMMARY} is missing, which the notes quote. Run `dvc repro` to make it."
        )
    summary = read_record(path, Summary)
    return render_notes(summary.results, summary.provenance)


def write(root: Path) -> None:
    """Write the notes below ``root``.

    Raises:
        ContractError: There is no summary, or the notes quote a file that was not made.
        DataError: The summary is not one of this version.
    """
    write_text(root / NOTES, render(root))


def check(root: Path) -> None:
    """Compare the notes with the results.

    Raises:
        ContractError: They are not what `write` would write.
        DataError: The summary is not one of this version.
    """
    path = root / NOTES
    if not path.is_file() or path.read_text(encoding="utf-8") != render(root):
        raise ContractError(f"{NOTES} does not say what reports/ holds. Run `make notes` and commit it.")
