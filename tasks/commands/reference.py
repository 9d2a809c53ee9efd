"""The command that makes the last result the reference of later runs.

It is no step: only this command changes the reference.
"""

import shlex
from pathlib import Path
from typing import TYPE_CHECKING

from litesmith.documents.formats import count, percent, points, signed
from litesmith.errors import ContractError, DataError
from tasks import catalog
from tasks.profiles import Chosen, chosen_dataset, profile_overlays, profile_title
from tasks.workspace import reference_path, repro_command, workspace_folder

if TYPE_CHECKING:
    from litesmith.records.summary import Reference


def make_reference(root: Path, profile: Chosen = None, data: str | None = None) -> str:
    """Make the last run its data set's reference; return the change as text.

    ``data`` and ``profile`` name the run's workspace; None for both stands for the project itself.

    Raises:
        ParamsError: There is no such profile or data set.
        ContractError: There is no summary, or the report step did not write it.
    """
    from litesmith.records.record import write_record

    folder, reference = workspace_folder(root, profile, data), reference_path(chosen_dataset(root, data))
    path, title = folder / catalog.SUMMARY, profile_title(profile)
    shown = path.relative_to(root)
    if not path.is_file():
        profile_overlays(root, profile, data)  # an unknown name is the better reason
        choice = (("--data", data), ("--profile", title))
        options = [word for option, name in choice if name for word in (option, name)]
        again = f"`python -m flows retrain {shlex.join(options)}`" if options else "`make run`"
        raise ContractError(f"{shown} is missing, so there is no result to refer to. {again} writes it.")
    now = _run(path, shown, folder)
    change = _change(now, root / reference)
    write_record(root / reference, now)
    return f"{change}\nCommit {reference}; `dvc repro report` shows the report against it."


def _run(path: Path, shown: Path, folder: Path) -> "Reference":
    from litesmith.report.older import read_run

    try:
        return read_run(path)
    except DataError as error:
        raise ContractError(
            f"{shown} is not a summary that the report step wrote: {error} "
            f"`{repro_command(folder, '--force --single-item report')}` writes it again."
        ) from error


def _change(now: "Reference", reference: Path) -> str:
    from litesmith.report.older import read_reference

    try:
        before = read_reference(reference) if reference.is_file() else None
    except DataError:
        return f"The reference is {_named(now)}. The former one could not be read; git still has it."
    if before is None:
        return f"The reference is {_named(now)}. There was none before."
    if now == before:
        return f"The reference is {_named(now)}, as it was: the same run."
    accuracy = points(now.optimized.accuracy - before.optimized.accuracy)
    size = signed(now.optimized.tflite_bytes - before.optimized.tflite_bytes, 0)
    change = f"Change: {accuracy} points, {size} bytes."
    return f"The reference was {_named(before)}.\nIt now is {_named(now)}.\n{change}"


def _named(run: "Reference") -> str:
    file = run.optimized
    return f"{run.final}: {percent(file.accuracy)} % on test, {count(file.tflite_bytes)} bytes"
