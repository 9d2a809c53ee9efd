"""Write and check the table of ``README.md`` by the last summary."""

from pathlib import Path

from litesmith.files import write_text
from tasks import catalog

README = Path("README.md")


def render(root: Path) -> str:
    """Return the block that the summary below ``root`` gives.

    Without a summary it says that there is none yet.

    Raises:
        DataError: The summary is not one of this version.
    """
    from litesmith.documents.readme import missing_block, results_block
    from litesmith.records.record import read_record
    from litesmith.records.summary import Summary

    path = root / catalog.SUMMARY
    if not path.is_file():
        return missing_block()
    summary = read_record(path, Summary)
    return results_block(summary.results.evaluate, summary.results.latency, summary.provenance)


def write(root: Path) -> None:
    """Write the table into the README below ``root``.

    Raises:
        ContractError: The README does not hold the two markers.
        DataError: The summary is not one of this version.
    """
    from litesmith.documents.readme import with_block

    path = root / README
    write_text(path, with_block(path.read_text(encoding="utf-8"), render(root)))


def check(root: Path) -> None:
    """Compare the README's table with the results.

    Raises:
        ContractError: It is not what `write` would write.
        DataError: The summary is not one of this version.
    """
    from litesmith.documents.readme import check_block

    check_block((root / README).read_text(encoding="utf-8"), render(root))
