"""Fetching of raw files from the first complete source.

A source that somebody names, by setting the variable of an ``env:`` line, is the only one: data of
another must not stand in for it.
"""

import logging
import os
import queue
import re
import threading
import time
from collections.abc import Iterable, Mapping
from contextlib import ExitStack
from dataclasses import dataclass
from pathlib import Path

from litesmith.data.address import Address
from litesmith.data.packing import pack, packed_suffix
from litesmith.data.sources import Folder, NotServedError, check_file, write_synthetic
from litesmith.errors import SourcesError
from litesmith.files import replacing
from litesmith.params.sections.dataset import FolderBase, Origin, PublishedBase
from litesmith.params.sections.fetch import FetchParams
from litesmith.params.synthetic import SyntheticBase

_LOG = logging.getLogger(__name__)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
Source = Address | Folder


@dataclass(frozen=True)
class Reach:
    """The first source that answered for all files, and others' failures."""

    source: str | None
    failures: dict[str, str]


def named_sources(base: PublishedBase) -> list[str]:
    """Return the ``env:`` lines whose variable is not empty."""
    return [source for source in base.sources if os.environ.get(_variable(source))]


def fetch_base(params: FetchParams, dataset: Origin, folder: Path) -> str | None:
    """Write the base of a data set into a folder that exists.

    Args:
        params: How often to try, and how long to wait.
        dataset: Its published files are written when all of them are checked; without a base nothing is.
        folder: Where they go, under the names of the base.

    Returns:
        The source that served a published base.

    Raises:
        SourcesError: No source served; the text has the failure of each.
        DataError: The folder or file of a base is missing or no such thing.
        MachineError: The files cannot be written.
    """
    match dataset.base:
        case PublishedBase():
            return _fetch_files(params, dataset, dataset.base, folder)
        case SyntheticBase():
            write_synthetic(dataset.base, dataset, folder)
        case FolderBase():
            path = _expanded(dataset.base.path)
            packed = pack(path, folder / f"base{packed_suffix(path)}")
            _LOG.info("packed %d files of %s", packed.num_files, path)
        case None:
            _LOG.info("%s has no base: it begins with its first batch", dataset.name)
    return None


def _fetch_files(params: FetchParams, dataset: Origin, base: PublishedBase, folder: Path) -> str:
    """Fetch all files from the first source that has them.

    Where a source is named by an environment variable, no other is tried.
    """
    failures: dict[str, str] = {}
    for name in named_sources(base) or base.sources:
        try:
            source = open_source(name, params)
            with ExitStack() as stack:
                for file in base.files:
                    part = stack.enter_context(replacing(folder / file.name))
                    source.save(file, part)
                    check_file(file, part)
        except NotServedError as failure:
            failures[name] = str(failure)
            _LOG.warning("%s does not serve: %s", without_password(name), failure)
        else:
            _LOG.info("%s served all %d files", without_password(name), len(base.files))
            return name
    raise _not_served(dataset.name, base, failures)


def require_named(params: FetchParams, dataset: Origin) -> None:
    """Check before a run that named sources have the files.

    Files that were fetched before do not replace the check: a run would use those without a word.

    Raises:
        SourcesError: None has these files; the text says what is wrong.
    """
    base = dataset.base
    if not isinstance(base, PublishedBase):
        return
    failures: dict[str, str] = {}
    for name in named_sources(base):
        failure = _failure(name, params, base, with_md5=True)
        if failure is None:
            return
        failures[name] = failure
    if failures:
        raise _not_served(dataset.name, base, failures)


def explain(failures: Mapping[str, str]) -> str:
    """Return the failure of each source, and what to do."""
    lines = [f"  {without_password(name)}: {failure}" for name, failure in failures.items()]
    hint = "Put the files into a folder and name it in LITESMITH_MIRROR, or repair the network."
    return "\n".join([*lines, hint])


def reachable(params: FetchParams, base: PublishedBase, timeout_s: float) -> Reach:
    """Probe all sources of a published base at once.

    ``timeout_s`` is the time for all together. Looking up a name can hang longer than any time-out given
    to it, so the threads that probe are daemons, left behind when time is up.
    """
    answers: queue.Queue[tuple[str, str | None]] = queue.Queue()

    def probe(name: str) -> None:
        answers.put((name, _failure(name, params, base)))

    sources = named_sources(base) or base.sources
    for name in sources:
        threading.Thread(target=probe, args=(name,), daemon=True).start()
    failures: dict[str, str] = {}
    deadline = time.monotonic() + timeout_s
    while len(failures) < len(sources):
        try:
            name, failure = answers.get(timeout=max(deadline - time.monotonic(), 0))
        except queue.Empty:
            break
        if failure is None:
            return Reach(name, failures)
        failures[name] = failure
    silent = f"no answer within {timeout_s:g} s"
    return Reach(None, {name: failures.get(name, silent) for name in sources})


def open_source(name: str, params: FetchParams) -> Source:
    """Return the source that a line of a published base names.

    Raises:
        NotServedError: Its variable is not set or blank, or its scheme is neither http nor https.
    """
    location = name
    if variable := _variable(name):
        location = os.environ.get(variable, "")
        if not location.strip():
            state = f"is blank, got {location!r}" if location else "is not set"
            raise NotServedError(f"the environment variable {variable} {state}")
    scheme = _SCHEME.match(location)
    if scheme is None:
        return Folder(_expanded(location))
    if scheme[1].lower() not in ("http", "https"):
        raise NotServedError(
            f"addresses of {scheme[1]}:// are not read here, only folders and those of http or https"
        )
    return Address(location, params)


def without_password(location: str) -> str:
    """Return a source without the password in its address."""
    scheme = _SCHEME.match(location)
    if scheme is None:
        return location
    host, slash, path = location[scheme.end() :].partition("/")
    return f"{scheme[0]}{'***@' if '@' in host else ''}{host.rpartition('@')[2]}{slash}{path}"


def resolve_named(sources: Iterable[str]) -> None:
    """Make folders in variables absolute, for steps in other folders."""
    for variable in filter(None, map(_variable, sources)):
        location = os.environ.get(variable, "")
        if location.strip() and not _SCHEME.match(location):
            os.environ[variable] = str(_expanded(location).resolve())


def _failure(
    name: str, params: FetchParams, base: PublishedBase, *, with_md5: bool = False
) -> str | None:
    """Return why a source would not serve, or None."""
    try:
        source = open_source(name, params)
        for file in base.files:
            if with_md5 and isinstance(source, Folder):
                source.check(file)
            else:
                source.probe(file)
    except NotServedError as failure:
        return str(failure)
    return None


def _expanded(location: str) -> Path:
    """Return a path with ``~`` replaced where it can be."""
    try:
        return Path(location).expanduser()
    except RuntimeError:
        return Path(location)


def _variable(source: str) -> str:
    """Return the variable of an ``env:`` line, or nothing."""
    return source.removeprefix("env:") if source.startswith("env:") else ""


def _not_served(dataset: str, base: PublishedBase, failures: Mapping[str, str]) -> SourcesError:
    variables = " and ".join(map(_variable, named_sources(base)))
    if not variables:
        return SourcesError(f"no source could serve {dataset}.\n{explain(failures)}")
    lines = [
        f"  {_variable(name)}={without_password(os.environ[_variable(name)])}: {failure}"
        for name, failure in failures.items()
    ]
    hint = (
        f"No other source is tried where one is named. Correct {variables}, or unset it to take what is "
        "here or what base.sources in the data set's file lists; for other data than these write a data "
        "set of your own into datasets/."
    )
    return SourcesError("\n".join([f"{variables} cannot serve {dataset}.", *lines, hint]))
