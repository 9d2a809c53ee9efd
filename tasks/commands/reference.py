"""Make the present result the one that later runs are compared with. Not a step: nothing but this moves it."""

import shlex
from pathlib import Path
from typing import Any

from litesmith.documents.formats import count, percent, points, signed
from litesmith.errors import ContractError, DataError
from litesmith.files import read_json, write_json
from tasks import catalog
from tasks.profiles import Chosen, profile_title
from tasks.workspace import repro_command, workspace_folder


def make_reference(root: Path, profile: Chosen = None) -> str:
    """Copy the summary of the last report to the project's reference, and return what that changes, in words.

    Args:
        root: The project's folder.
        profile: The profiles of the workspace whose report it is, None for the project's own.

    Raises:
        ParamsError: What is given is no name of a profile.
        ContractError: There is no summary, or it is not one that the report step wrote.
    """
    folder, reference = workspace_folder(root, profile), root / catalog.REFERENCE
    path, title = folder / catalog.SUMMARY, profile_title(profile)
    shown = path.relative_to(root)
    again = f"`python -m flows retrain --profile {shlex.quote(title)}`" if title else "`make run`"
    if not path.is_file():
        raise ContractError(f"{shown} is missing, so there is no result to refer to. {again} makes it.")
    now = read_json(path)
    words = _words(now, _before(reference), _figures(now, shown, folder))
    write_json(reference, now)
    return f"{words}\nCommit {catalog.REFERENCE}; `dvc repro report` shows the report against it."


def _before(reference: Path) -> Any:
    """Return what the reference was: null if there was none, nothing that is a summary if it cannot be read."""
    try:
        return read_json(reference) if reference.is_file() else None
    except DataError:
        return {}


def _words(now: Any, before: Any, figures: dict[str, Any]) -> str:
    if before is None:
        return f"The reference is {_named(figures)}. There was none before."
    if now == before:
        return f"The reference is {_named(figures)}, as it was: the same summary."
    try:
        old = _figures(before, catalog.REFERENCE, Path())
    except ContractError:
        return f"The reference is {_named(figures)}. What it was could not be read as a summary; git still has it."
    accuracy = points(figures["accuracy"] - old["accuracy"])
    size = signed(figures["bytes"] - old["bytes"], 0)
    return f"The reference was {_named(old)}.\nIt now is {_named(figures)}.\nChange: {accuracy} points, {size} bytes."


def _named(figures: dict[str, Any]) -> str:
    return (
        f"{figures['final']}: {percent(figures['accuracy'])} % on test, {count(figures['bytes'])} bytes"
    )


def _figures(summary: Any, path: Path, root: Path) -> dict[str, Any]:
    """Return name, accuracy and bytes of the final variant of a summary, which the report step makes in ``root``."""
    try:
        final = str(summary["final"])
        variant = summary["results"]["evaluate"]["variants"][final]
        return {"final": final, "accuracy": float(variant["accuracy"]), "bytes": int(variant["bytes"])}
    except (LookupError, TypeError, ValueError) as error:
        raise ContractError(
            f"{path} is not a summary that the report step wrote: it holds no final variant with accuracy and bytes. "
            f"`{repro_command(root, '--force --single-item report')}` writes it anew."
        ) from error
