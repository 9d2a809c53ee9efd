"""A table of steps and their states, without DVC."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from textwrap import fill

from litesmith.documents.durations import duration
from litesmith.errors import DataError
from litesmith.records.provenance import Provenance
from litesmith.records.record import read_record
from tasks.dag.lock import running_step
from tasks.dag.step import Step
from tasks.pipeline import PIPELINE

STEPS = [step.name for step in PIPELINE]
_HINT = """\
`dvc status` shows which steps are out of date, `python -m tasks list STEP`
what a step does and its files."""


def list_steps(root: Path, name: str | None = None, files: bool = False) -> str:
    """Return a table of steps: name, state, since, took.

    Args:
        root: The folder of the project or a workspace.
        name: The only step to show, with its files; None for all steps.
        files: Whether to show the files of all steps.
    """
    from tabulate import tabulate

    shown = [step for step in PIPELINE if name in (None, step.name)]
    rows = [("step", "state", "since", "took"), *(_row(step, root) for step in shown)]
    table = tabulate(rows, tablefmt="plain", disable_numparse=True)
    header, *lines = map(str.rstrip, table.splitlines())
    if name is None and not files:
        return "\n".join([header, *lines, "", _HINT])
    blocks = ["\n".join([line, *_files(step)]) for step, line in zip(shown, lines, strict=True)]
    return "\n\n".join([header, *blocks])


def _row(step: Step, root: Path) -> tuple[str, str, str, str]:
    running = running_step(root)
    if running and running[0] == step.name:
        return step.name, "running", _moment(running[1]), ""
    record = root / step.provenance
    if not record.is_file():
        return step.name, "not run here", "", ""
    missing = [port.path for port in step.outs if not (root / port.path).exists()]
    state = f"{len(missing)} of {len(step.outs)} outputs missing" if missing else "done"
    since = datetime.fromtimestamp(record.stat().st_mtime, UTC)
    try:
        took = duration(read_record(record, Provenance).wall_s)
    except DataError:
        return step.name, "record cannot be read", _moment(since), ""
    return step.name, state, _moment(since), took


def _moment(moment: datetime) -> str:
    return f"{moment.astimezone():%Y-%m-%d %H:%M}"


def _files(step: Step) -> Iterator[str]:
    yield fill(step.summary, 78, initial_indent="  ", subsequent_indent="  ")
    yield from (f"  reads  {port.path}" for port in step.ins)
    yield from (f"  writes {port.path}" for port in step.outs)
