"""The commands that promote models, take them back, and list them."""

import logging
from collections.abc import Iterator
from datetime import UTC
from functools import partial
from pathlib import Path
from textwrap import wrap

from litesmith.errors import DataError, ParamsError, ReleaseError
from litesmith.params.loading import read_dataset, read_params
from litesmith.records.service.release import LogLine
from litesmith.release.durable import PART, copy_folder, discard, rename_durably
from litesmith.release.pointers import Key
from litesmith.release.registry import Change, Check, Order, Registry, read_candidate
from tasks import catalog
from tasks.commands.batches import person
from tasks.commands.packages import PUBLIC_KEY, SIGNING_KEY, configured_key
from tasks.dag.lock import changing_releases, holding
from tasks.incoming import require_project
from tasks.profiles import Chosen, profile_overlays
from tasks.releasing import Keeper, check_apart, pull, revision
from tasks.workspace import workspace_folder

_LOG = logging.getLogger(__name__)
_WIDTH = 80
_COLUMNS = "{:16}  {:22} {:1} {}"


def promote(
    project: Path,
    profile: Chosen = None,
    data: str | None = None,
    by: str | None = None,
    why: str | None = None,
) -> str:
    """Put the model of the last run in service; return a text on it.

    Args:
        project: Its folder.
        profile: Names the run's workspace together with ``data``; None for both is the project itself.
        data: Name of the data set, by default the project's own.
        by: Who orders it although the decision does not; None if the decision does.
        why: The reason of that person.

    Raises:
        ParamsError: There is no such profile or data set; the model is in service already; or one of
            ``by`` and ``why`` is missing.
        ReleaseError: The decision does not allow it.
        DataError: The package does not verify.
        BusyError: A run goes on there, or another process changes the releases.
        MachineError: A file cannot be written.
    """
    require_project(project, catalog.RELEASES, "releases")
    order = _order(by, why, revision(project))
    root = workspace_folder(project, profile, data)
    if not (root / catalog.DECISION).is_file():
        profile_overlays(project, profile, data)  # an unknown name is the better reason
        raise ReleaseError(
            f"{(root / catalog.DECISION).relative_to(project)} is missing, so nothing was judged there. "
            "A run writes it, such as `make run`."
        )
    with holding(root):
        change = promote_run(project, root, order)
    return f"{describe(change)}\nCommit {catalog.RELEASES}. `python -m tasks rollback` undoes it."


def promote_run(project: Path, root: Path, order: Order) -> Change:
    """Put the model of a folder in service, under the registry's lock.

    Whoever calls this holds the folder's lock.

    Raises:
        ParamsError, ReleaseError, DataError, BusyError, MachineError: As `promote`.
    """
    registry = Registry(project / catalog.RELEASES)
    most = read_params(project / catalog.PARAMS).retrain.max_archived
    with changing_releases(project):
        _repair(registry)
        candidate = read_candidate(root / catalog.PACKAGE, root / catalog.DECISION)
        keeper = Keeper(project, configured_key(project, SIGNING_KEY, catalog.SIGNING_KEY))
        try:
            return registry.promote(candidate, order, check_apart, keeper)
        except (ReleaseError, DataError) as error:
            registry.refuse(candidate, order, str(error), most)
            raise


def rollback(
    project: Path,
    version: str | None = None,
    data: str | None = None,
    by: str | None = None,
    why: str | None = None,
) -> str:
    """Put a former version in service again, and return a text on it.

    Args:
        project: Its folder.
        version: By default the one before.
        data: Name of the data set, by default the project's own.
        by: Who orders it, by default who works here.
        why: The reason, for the log.

    Raises:
        ParamsError: There is no such version or data set, or it is in service.
        ReleaseError: Nothing is in service, or there is no version before.
        DataError: The package is damaged; nothing is changed.
        BusyError: Another process changes the releases.
        MachineError: A file cannot be written, or the package is not to be had.
    """
    require_project(project, catalog.RELEASES, "releases")
    registry = Registry(project / catalog.RELEASES)
    order = Order(by or person(project), why or "no reason was given", revision(project))
    with changing_releases(project):
        _repair(registry)
        key = _key(registry, project, data, version)
        target = registry.target(key, version)
        pull(project, target)
        change = registry.rollback(key, target, order, _check_signed(project))
    return f"{describe(change)} Its package was checked.\nCommit {catalog.RELEASES}."


def get_release(project: Path, folder: Path, data: str | None = None) -> str:
    """Copy the package in service to a new folder; return a text on it.

    Raises:
        ParamsError: There is no such data set, or the folder is there.
        ReleaseError: Nothing is in service.
        DataError: The package is damaged.
        MachineError: A file cannot be written, or the package is not to be had.
    """
    if folder.exists():
        raise ParamsError(f"{folder} is there already, and is not replaced. Give another name.")
    registry = Registry(project / catalog.RELEASES)
    key = _key(registry, project, data, None)
    pointer = registry.in_service(key)
    if pointer is None:
        raise ReleaseError(f"no model is in service for {key}. `python -m tasks promote` puts one.")
    pull(project, pointer.version)
    if registry.checked(key, pointer.version, _check_signed(project)) != pointer:
        raise DataError(f"{pointer.version} is not what {catalog.IN_SERVICE} points to. Restore it.")
    part = folder.with_name(f".{folder.name}{PART}")
    try:
        copy_folder(registry.packages / pointer.version, part)
        rename_durably(part, folder)
    finally:
        discard(part)
    return f"{folder} is {pointer.version}, in service for {key}; its package was checked."


def list_releases(project: Path, data: str | None = None) -> str:
    """Return the log as a table of 80 columns, versions in service marked.

    Raises:
        ParamsError: There is no such data set.
        DataError: The pointer file cannot be read.
    """
    registry = Registry(project / catalog.RELEASES)
    log, dataset = registry.log(), _dataset(project, data) if data else None
    pointers = registry.pointers().in_service
    current = {
        str(key): pointer.version
        for key, pointer in pointers.items()
        if dataset is None or key.startswith(f"{dataset}/")
    }
    lines = [line for line in log.lines if dataset in (None, line.dataset)]
    table = [text for line in lines for text in _rows(line, current)]
    blocks = [[_COLUMNS.format("when (UTC)", "what", "", "version"), *table]] if table else []
    if log.num_unreadable:
        blocks.append([f"{log.num_unreadable} lines of {catalog.RELEASES_LOG} cannot be read."])
    blocks.append(
        [f"* in service for {key}: {version}" for key, version in current.items()]
        or ["no model is in service"]
    )
    return "\n\n".join("\n".join(row.rstrip() for row in block) for block in blocks)


def describe(change: Change) -> str:
    """Tell in words what a promotion or a rollback changed."""
    before = f", in the place of {change.before}" if change.before else ", the first for it"
    note = f"\n{change.note}" if change.note else ""
    return f"{change.version} is in service for {change.key}{before}.{note}"


def _rows(line: LogLine, current: dict[str, str]) -> Iterator[str]:
    """Yield a line of the log as lines of the table."""
    key = f"{line.dataset}/{line.device}"
    is_state = line.event in ("promoted", "rolled back", "not completed")
    version = (line.version or "none") if is_state else key
    mark = "*" if is_state and current.get(key) == line.version else ""
    what = f"judged: {line.outcome}" if line.event == "judged" else line.event
    yield _COLUMNS.format(f"{line.when.astimezone(UTC):%Y-%m-%d %H:%M}", what, mark, version)
    said = f"by {line.by}: {line.why}" if line.by else line.why
    yield from wrap(said, _WIDTH, initial_indent="    ", subsequent_indent="    ")


def _order(by: str | None, why: str | None, revision: str | None) -> Order:
    given = [(text or "").strip() for text in (by, why)]
    if any(given) and not all(given):
        raise ParamsError(
            "--by and --why belong together: say who promotes against the decision, and why. Leave out "
            "both where the decision says promote."
        )
    return Order(given[0] or None, given[1], revision)


def _dataset(project: Path, data: str | None) -> str:
    if data is None:
        return read_params(project / catalog.PARAMS).dataset.key
    return read_dataset(data, project).key


def _key(registry: Registry, project: Path, data: str | None, version: str | None) -> Key:
    """Return the data set and the device that are meant.

    Raises:
        ParamsError: There is no such data set, or it is in service on several devices.
    """
    dataset, own = _dataset(project, data), read_params(project / catalog.PARAMS).device.name
    devices = [
        key.removeprefix(f"{dataset}/")
        for key in registry.pointers().in_service
        if key.startswith(f"{dataset}/")
    ]
    keys = [Key(dataset, device) for device in devices]
    named = [key for key in keys if version in registry.versions(key)]
    if len(named) == 1:
        return named[0]
    if len(keys) == 1:
        return keys[0]
    if keys and own not in devices:
        raise ParamsError(f"{dataset} is in service on {', '.join(devices)}: name a version.")
    return Key(dataset, own)


def _check_signed(project: Path) -> Check:
    """Return the check of released packages, with their signature if a key is configured."""
    return partial(check_apart, public_key=configured_key(project, PUBLIC_KEY, catalog.PUBLIC_KEY))


def _repair(registry: Registry) -> None:
    for done in registry.repair():
        _LOG.warning("%s: %s", catalog.RELEASES, done)
