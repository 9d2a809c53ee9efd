"""Committed files that commands write from others and check."""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from pathlib import Path

from litesmith.errors import ContractError
from litesmith.files import write_text
from tasks import catalog
from tasks.dag import dvcfile, versions
from tasks.pipeline import PIPELINE

_NOTES = Path("docs/optimization-notes.md")
_FRONTIER = Path("benchmarks/results/frontier.json")


@dataclass(frozen=True)
class GeneratedFile:
    """A committed file that has one right content.

    Attributes:
        render: Returns the content for the project's folder.
        summary: The file and its source, for help.
        stale: The error's text where the file is missing or differs.
    """

    path: Path
    render: Callable[[Path], str]
    summary: str
    stale: str

    def write(self, root: Path) -> None:
        """Write the file below ``root``."""
        write_text(root / self.path, self.render(root))

    def check(self, root: Path) -> None:
        """Compare the file below ``root`` with what `write` would write.

        Raises:
            ContractError: It is missing or differs.
        """
        path = root / self.path
        if not path.is_file() or path.read_text(encoding="utf-8") != self.render(root):
            raise ContractError(self.stale)


def _notes(root: Path) -> str:
    from litesmith.documents.notes import render_notes
    from litesmith.report.older import read_results

    path = root / catalog.SUMMARY
    if not path.is_file():
        raise ContractError(
            f"{catalog.SUMMARY} is missing, which the notes quote. Run `dvc repro` to write it."
        )
    summary = read_results(path)
    return render_notes(summary.results, summary.provenance)


def _readme(root: Path) -> str:
    from litesmith.documents.readme import missing_block, read_frontier, results_block, with_block
    from litesmith.report.older import read_figures

    path, block = root / catalog.SUMMARY, missing_block()
    if path.is_file():
        run = read_figures(path)
        frontier, results = read_frontier(root / _FRONTIER), run.results
        block = results_block(results.evaluate, results.latency, run.provenance, frontier)
    return with_block((root / "README.md").read_text(encoding="utf-8"), block)


def _schema(_root: Path) -> str:
    from litesmith.report.summary import schema_text

    return schema_text()


FILES = {
    "dvc": GeneratedFile(
        Path("dvc.yaml"),
        partial(dvcfile.render, PIPELINE),
        "dvc.yaml from the steps",
        "dvc.yaml is not what the steps declare. Run `make dvc` and commit the result.",
    ),
    "readme": GeneratedFile(
        Path("README.md"),
        _readme,
        "the README's results table from the last evaluation and the frontier",
        "the README's results table is not what reports/ and benchmarks/results hold. "
        "Run `make readme` and commit it.",
    ),
    "notes": GeneratedFile(
        _NOTES,
        _notes,
        "docs/optimization-notes.md from the last results",
        "docs/optimization-notes.md is not what reports/ holds. Run `make notes` and commit it.",
    ),
    "schema": GeneratedFile(
        Path("litesmith/report/summary.schema.json"),
        _schema,
        "the JSON schema of reports/summary.json from its type",
        "litesmith/report/summary.schema.json is not the schema of litesmith.records.summary.Summary. "
        "Run `python -m tasks schema` and commit it.",
    ),
    "versions": GeneratedFile(
        catalog.VERSIONS,
        versions.render,
        "versions.yaml from requirements.lock",
        "versions.yaml is not what requirements.lock pins. Run `python -m tasks versions`.",
    ),
}
