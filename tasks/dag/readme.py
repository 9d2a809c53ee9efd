"""Write the results table of ``README.md`` from the committed results, and check it as a lock file is checked."""

from pathlib import Path

from litesmith.files import read_json, write_text
from litesmith.readme import check_block, missing_block, results_block, with_block
from tasks import catalog

README = Path("README.md")


def render(root: Path) -> str:
    """Return the block that the results below ``root`` give, or one that says that there are none yet."""
    evaluate, latency = root / catalog.results("evaluate"), root / catalog.metrics("latency")
    if not evaluate.is_file() or not latency.is_file():
        return missing_block()
    folder = (root / catalog.made("any")).parent
    made = {path.stem: read_json(path) for path in sorted(folder.glob("*.json"))}
    return results_block(read_json(evaluate), read_json(latency), made)


def write(root: Path) -> None:
    """Write the table into the README below ``root``.

    Raises:
        ContractError: The README does not hold the two markers.
    """
    path = root / README
    write_text(path, with_block(path.read_text(), render(root)))


def check(root: Path) -> None:
    """Compare the README's table with the results.

    Raises:
        ContractError: It is not what `write` would write.
    """
    check_block((root / README).read_text(), render(root))
