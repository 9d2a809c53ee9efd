"""The reference, the result that later runs are compared with."""

import shlex
from pathlib import Path

from pydantic import JsonValue, ValidationError

from litesmith.documents.formats import count, percent, points, signed
from litesmith.errors import ContractError, DataError
from litesmith.files import read_json, write_json
from litesmith.records.figures import View
from litesmith.records.record import Count, Share
from tasks import catalog
from tasks.profiles import Chosen, profile_overlays, profile_title
from tasks.workspace import repro_command, workspace_folder


class _Variant(View):
    accuracy: Share
    bytes: Count


class _Evaluate(View):
    variants: dict[str, _Variant]


class _Results(View):
    evaluate: _Evaluate


class _Summary(View):
    """What of a summary a person wants to know."""

    final: str
    results: _Results

    @property
    def final_variant(self) -> _Variant:
        """The figures of the final file."""
        return self.results.evaluate.variants[self.final]

    def __str__(self) -> str:
        """Return the figures in words."""
        variant = self.final_variant
        return f"{self.final}: {percent(variant.accuracy)} % on test, {count(variant.bytes)} bytes"


def make_reference(root: Path, profile: Chosen = None) -> str:
    """Make the last summary the reference, and return what changed.

    Args:
        root: The project's folder.
        profile: The profiles of the workspace whose report it is, None for the project's own.

    Raises:
        ParamsError: There is no such profile.
        ContractError: There is no summary, or it is not one that the report step wrote.
    """
    folder, reference = workspace_folder(root, profile), root / catalog.REFERENCE
    path, title = folder / catalog.SUMMARY, profile_title(profile)
    shown = path.relative_to(root)
    again = f"`python -m flows retrain --profile {shlex.quote(title)}`" if title else "`make run`"
    if not path.is_file():
        profile_overlays(root, profile)  # a name that is no profile is the better reason
        raise ContractError(f"{shown} is missing, so there is no result to refer to. {again} makes it.")
    content = read_json(path)
    words = _words(_parsed(content, shown, folder), content, _before(reference))
    write_json(reference, content)
    return f"{words}\nCommit {catalog.REFERENCE}; `dvc repro report` shows the report against it."


def _before(reference: Path) -> JsonValue:
    """Return the reference so far, an empty mapping if unreadable."""
    try:
        content: JsonValue = read_json(reference) if reference.is_file() else None
    except DataError:
        return {}
    return content


def _words(now: _Summary, content: JsonValue, before: JsonValue) -> str:
    if before is None:
        return f"The reference is {now}. There was none before."
    if content == before:
        return f"The reference is {now}, as it was: the same summary."
    try:
        old = _parsed(before, catalog.REFERENCE, Path())
    except ContractError:
        return f"The reference is {now}. What it was could not be read as a summary; git still has it."
    accuracy = points(now.final_variant.accuracy - old.final_variant.accuracy)
    size = signed(now.final_variant.bytes - old.final_variant.bytes, 0)
    return f"The reference was {old}.\nIt now is {now}.\nChange: {accuracy} points, {size} bytes."


def _parsed(content: JsonValue, path: Path, root: Path) -> _Summary:
    """Return a summary that the report step made in ``root``.

    Raises:
        ContractError: It holds no final variant with accuracy and bytes.
    """
    try:
        summary = _Summary.model_validate(content)
        _ = summary.final_variant
    except (ValidationError, LookupError) as error:
        raise ContractError(
            f"{path} is not a summary that the report step wrote: it holds no final variant with "
            f"accuracy and bytes. `{repro_command(root, '--force --single-item report')}` writes it "
            "anew."
        ) from error
    return summary
