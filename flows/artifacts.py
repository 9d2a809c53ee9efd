"""Results, report and the page of a refusal, shown in Prefect."""

from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_link_artifact, create_table_artifact
from tabulate import tabulate

from litesmith.params.loading import read_params
from litesmith.records.figures import EvaluateFigures, VariantFigures
from litesmith.records.record import read_record
from litesmith.wording import NONE
from tasks import catalog

_NAME_COLUMNS = 12


def results_rows(root: Path) -> list[dict[str, str]]:
    """Return the results table, empty before the first evaluation."""
    path = root / catalog.results("evaluate")
    if not path.is_file():
        return []
    results = read_record(path, EvaluateFigures)
    return [
        {
            "model": f"{name} (final)" if name == results.final else name,
            "accuracy": f"{variant.accuracy:.4f}",
            "95 % interval": "{:.4f} to {:.4f}".format(*variant.accuracy_interval),
            **_by_class(variant),
            "bytes": f"{variant.bytes:,}",
            "gzip bytes": f"{variant.gzip_bytes:,}",
        }
        for name, variant in results.variants.items()
    ]


def _by_class(variant: VariantFigures) -> dict[str, str]:
    """Return balanced accuracy and worst class, as far as they are recorded."""
    if variant.balance is None:
        return {"balanced": NONE, "worst class": NONE}
    worst, name = variant.balance.worst.recall.value, str(variant.worst_name)
    shown = name if len(name) <= _NAME_COLUMNS else f"{name[: _NAME_COLUMNS - 1]}…"
    return {
        "balanced": f"{variant.balance.accuracy.value:.4f}",
        "worst class": f"{shown} {worst:.4f}",
    }


def text_table(rows: list[dict[str, str]]) -> str:
    """Return rows as a text table, numbers to the right."""
    if not rows:
        return ""
    lines = [list(rows[0]), *(list(row.values()) for row in rows)]
    align = ["left", *["right"] * (len(rows[0]) - 1)]
    table: str = tabulate(lines, tablefmt="plain", disable_numparse=True, colalign=align)
    return table


def publish_results(root: Path) -> None:
    """Show results and report in the current flow run."""
    rows, label, report = results_rows(root), synthetic_label(root), (root / catalog.REPORT).resolve()
    if rows:
        description = f"{label}Test results; measured by running each file"
        create_table_artifact(rows, key="results", description=description)
    if report.is_file():
        create_link_artifact(
            report.as_uri(), "report.html", key="report", description=f"{label}`{report}`"
        )


def synthetic_label(root: Path) -> str:
    """Return the label of synthetic images, empty for real ones."""
    is_synthetic = read_params(root / catalog.PARAMS).dataset.synthetic
    return "SYNTHETIC IMAGES. " if is_synthetic else ""


def publish_refusal(root: Path, stage: str, since: float) -> Path | None:
    """Link the page of a stage's refusal, and return its path.

    Args:
        root: The workspace.
        stage: Name of the failed stage.
        since: Its start, in seconds since the epoch: an older page is of another refusal.
    """
    page = root / catalog.REFUSALS / f"{stage}.html"
    if not page.is_file() or page.stat().st_mtime < since:
        return None
    link = page.resolve()
    create_link_artifact(link.as_uri(), "refusal page", key="refusal", description=f"`{link}`")
    get_run_logger().error("see %s", page)
    return page
