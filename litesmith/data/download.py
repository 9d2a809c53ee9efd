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
from litesmith.data.sources import Folder, NotServedError, Synthetic, check_file
from litesmith.errors import ParamsError, SourcesError
from litesmith.files import replacing
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.fetch import FetchParams, RawFile

_LOG = logging.getLogger(__name__)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)
Source = Address | Folder | Synthetic


@dataclass(frozen=True)
class Reach:
    """The first source that answered for all files, and others' failures."""

    source: str | None
    failures: dict[str, str]


def named_sources(params: FetchParams) -> list[str]:
    """Return the ``env:`` lines whose variable is not empty."""
    return [source for source in params.sources if os.environ.get(_variable(source))]


def fetch_files(params: FetchParams, dataset: DatasetParams, targets: Mapping[str, Path]) -> str:
    """Fetch all files from the first source that has them.

    Where a source is named by an environment variable, no other is tried.

    Args:
        params: The sources, the files' names, sizes and MD5s, and how often to try.
        dataset: What to generate where the source is ``synthetic``.
        targets: Path of each file, by its field in `RawFiles`; written when all files are checked.

    Returns:
        The source that served.

    Raises:
        ParamsError: A size or MD5 is missing for files that are not synthetic.
        SourcesError: No source served; the text has the failure of each.
        MachineError: The files cannot be written.
    """
    _require_sums(params)
    failures: dict[str, str] = {}
    for name in named_sources(params) or params.sources:
        try:
            source = open_source(name, params, dataset)
            with ExitStack() as stack:
                for role, file in _files(params).items():
                    part = stack.enter_context(replacing(targets[role]))
                    source.save(role, file, part)
                    check_file(file, part)
        except NotServedError as failure:
            failures[name] = str(failure)
            _LOG.warning("%s does not serve: %s", without_password(name), failure)
        else:
            _LOG.info("%s served all %d files", without_password(name), len(targets))
            return name
    raise _not_served(params, dataset, failures)


def require_named(params: FetchParams, dataset: DatasetParams) -> None:
    """Check before a run that named sources have the files.

    Files that were fetched before do not replace the check: a run would use those without a word.

    Raises:
        SourcesError: None has these files; the text says what is wrong.
    """
    failures: dict[str, str] = {}
    for name in named_sources(params):
        failure = _failure(name, params, dataset, with_md5=True)
        if failure is None:
            return
        failures[name] = failure
    if failures:
        raise _not_served(params, dataset, failures)


def explain(failures: Mapping[str, str]) -> str:
    """Return the failure of each source, and what to do."""
    lines = [f"  {without_password(name)}: {failure}" for name, failure in failures.items()]
    hint = "Put the four files into a folder and name it in LITESMITH_MIRROR, or repair the network."
    return "\n".join([*lines, hint])


def reachable(params: FetchParams, dataset: DatasetParams, timeout_s: float) -> Reach:
    """Probe all sources at once.

    ``timeout_s`` is the time for all together. Looking up a name can hang longer than any time-out given
    to it, so the threads that probe are daemons, left behind when time is up.
    """
    answers: queue.Queue[tuple[str, str | None]] = queue.Queue()

    def probe(name: str) -> None:
        answers.put((name, _failure(name, params, dataset)))

    sources = named_sources(params) or params.sources
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


def open_source(name: str, params: FetchParams, dataset: DatasetParams) -> Source:
    """Return the source that a line of ``fetch.sources`` names.

    Raises:
        NotServedError: Its variable is not set or blank, or its scheme is neither http nor https.
    """
    if name == "synthetic":
        return Synthetic(dataset, params.synthetic_seed)
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
    name: str, params: FetchParams, dataset: DatasetParams, *, with_md5: bool = False
) -> str | None:
    """Return why a source would not serve, or None."""
    try:
        source = open_source(name, params, dataset)
        for file in _files(params).values():
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


def _not_served(
    params: FetchParams, dataset: DatasetParams, failures: Mapping[str, str]
) -> SourcesError:
    variables = " and ".join(map(_variable, named_sources(params)))
    if not variables:
        return SourcesError(f"no source could serve {dataset.name}.\n{explain(failures)}")
    lines = [
        f"  {_variable(name)}={without_password(os.environ[_variable(name)])}: {failure}"
        for name, failure in failures.items()
    ]
    hint = (
        f"No other source is tried where one is named. Correct {variables}, or unset it to take what is "
        "here or what fetch.sources in params.yaml lists; for other data than these give their MD5s and "
        "sizes in fetch.files."
    )
    return SourcesError("\n".join([f"{variables} cannot serve {dataset.name}.", *lines, hint]))


def _require_sums(params: FetchParams) -> None:
    bare = [role for role, file in _files(params).items() if file.md5 is None or file.size_bytes is None]
    real = [name for name in params.sources if name != "synthetic"]
    if bare and real:
        raise ParamsError(
            f"fetch.files.{bare[0]} lacks md5 or size_bytes, got null. Files from {real[0]} must be "
            "checked: give both; only synthetic files may go without."
        )


def _files(params: FetchParams) -> dict[str, RawFile]:
    return {role: getattr(params.files, role) for role in type(params.files).model_fields}
