"""Bring the raw files of a data set from the first source that can serve all of them.

A source that somebody names, by setting the variable of an ``env:`` line, is the only one: data of another must not
stand in for it.
"""

import hashlib
import logging
import os
import queue
import re
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Never, Protocol

import requests
import urllib3
from tqdm import tqdm

from litesmith.data.formats.idx import encode_idx
from litesmith.data.synthetic import draw_images
from litesmith.errors import ParamsError, SourcesError
from litesmith.files import replacing
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.fetch import FetchParams, RawFile

_LOG = logging.getLogger(__name__)
_CHUNK_BYTES = 1 << 16
_ENV = "env:"
# Answers that may be another a moment later.
_PASSING_STATUS = (408, 425, 429, 500, 502, 503, 504)
# Answers of servers that know no HEAD, or of storage whose signed addresses are for GET alone.
_NO_HEAD = (403, 405, 501)
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*)://", re.IGNORECASE)


class NotServedError(Exception):
    """One source cannot serve one file; its text says why. The next source is tried."""


class _HiccupError(NotServedError):
    """The same source may serve the file at the next try."""


class Source(Protocol):
    """Somewhere the four files can come from."""

    def chunks(self, role: str, file: RawFile) -> Iterator[bytes]:
        """Yield the bytes of a file, or raise `NotServedError`.

        Args:
            role: Its field in `RawFiles`.
            file: Its name there.
        """

    def probe(self, file: RawFile) -> None:
        """Return if the file is likely to be served, or raise `NotServedError`."""


@dataclass(frozen=True)
class Folder:
    """A folder that holds the files."""

    path: Path

    def chunks(self, role: str, file: RawFile) -> Iterator[bytes]:
        """Yield the bytes of a file, or raise `NotServedError`."""
        self.probe(file)
        try:
            with (self.path / file.name).open("rb") as stream:
                while chunk := stream.read(_CHUNK_BYTES):
                    yield chunk
        except OSError as error:
            raise NotServedError(f"{file.name} cannot be read: {error.strerror}") from error

    def probe(self, file: RawFile) -> None:
        """Return if the file is there in its size, or raise `NotServedError`."""
        path = self.path / file.name
        try:
            if not self.path.is_dir():
                is_file = self.path.exists()
                raise NotServedError(
                    f"{self.path} is not a folder"
                    if is_file
                    else f"the folder {self.path} does not exist"
                )
            if not path.is_file():
                raise NotServedError(f"{file.name} is missing in {self.path}")
            _check_size(file, path.stat().st_size)
        except OSError as error:
            raise NotServedError(f"{self.path} cannot be looked into: {error.strerror}") from error


@dataclass(frozen=True)
class Address:
    """An http or https address below which the files lie."""

    url: str
    timeout_s: float

    def chunks(self, role: str, file: RawFile) -> Iterator[bytes]:
        """Yield the bytes of a file, or raise `NotServedError`."""
        with _http_failures(file), self._ask("GET", file) as response:
            yield from response.raw.stream(_CHUNK_BYTES, decode_content=False)

    def probe(self, file: RawFile) -> None:
        """Return if the address answers for the file, or raise `NotServedError`."""
        with _http_failures(file), self._ask("HEAD", file) as response:
            size = response.headers.get("Content-Length", "")
        if size.isdecimal():
            _check_size(file, int(size))

    def _ask(self, method: str, file: RawFile) -> requests.Response:
        # The files are gzip themselves: they must not be packed once more, nor unpacked on the way.
        response = requests.request(
            method,
            f"{self.url.rstrip('/')}/{file.name}",
            headers={"Accept-Encoding": "identity"},
            allow_redirects=True,
            stream=True,
            timeout=self.timeout_s,
        )
        if method == "HEAD" and response.status_code in _NO_HEAD:
            response.close()
            return self._ask("GET", file)  # only its headers are read
        if not response.ok:
            kind = _HiccupError if response.status_code in _PASSING_STATUS else NotServedError
            raise kind(f"{file.name}: the server answered {response.status_code} {response.reason}")
        return response


@dataclass(frozen=True)
class Drawn:
    """No place at all: the images are drawn here."""

    dataset: DatasetParams
    seed: int
    _packed: dict[str, bytes] = field(default_factory=dict)

    def chunks(self, role: str, file: RawFile) -> Iterator[bytes]:
        """Yield the bytes of a file, or raise `NotServedError`."""
        self.probe(file)
        if role not in self._packed:
            self._draw(role.partition("_")[0])
        yield self._packed[role]

    def probe(self, file: RawFile) -> None:
        """Return if drawn images are wanted, or raise `NotServedError`."""
        if not self.dataset.drawn:
            raise NotServedError(
                f"dataset.drawn is false: drawn images may not pass for {self.dataset.name}"
            )

    def _draw(self, part: str) -> None:
        """Draw the train or the test files; the seeds of the two differ."""
        data = self.dataset
        num = data.num_train if part == "train" else data.num_test
        seed = self.seed + (part == "test")
        images, labels = draw_images(num, data.height, data.width, data.num_classes, seed)
        self._packed[f"{part}_images"] = encode_idx(images)
        self._packed[f"{part}_labels"] = encode_idx(labels)


@dataclass(frozen=True)
class Reach:
    """Which source would serve, and what is wrong with the ones that would not.

    Attributes:
        source: The first that answered for all files, or None.
        failures: By source, in words.
    """

    source: str | None
    failures: dict[str, str]


def named_sources(params: FetchParams) -> list[str]:
    """Return the lines of ``fetch.sources`` that somebody names, whose environment variable is not empty."""
    return [
        source
        for source in params.sources
        if source.startswith(_ENV) and os.environ.get(_variable(source))
    ]


def fetch_files(params: FetchParams, dataset: DatasetParams, targets: Mapping[str, Path]) -> str:
    """Bring all files from the first source that has all of them whole; only the named ones are tried if there are any.

    Args:
        params: The sources, the files' names, sizes and MD5s, and how often to try.
        dataset: What to draw where the source is ``drawn``.
        targets: Where each file goes, by its field in `RawFiles`. Nothing moves there before all files are checked.

    Returns:
        The source that served.

    Raises:
        ParamsError: A size or MD5 is missing for files that are not drawn.
        SourcesError: No source served; says what went wrong with each.
        MachineError: The files cannot be written.
    """
    _require_sums(params)
    failures: dict[str, str] = {}
    for name in _tried(params):
        try:
            _fetch_all(open_source(name, params, dataset), params, targets)
        except NotServedError as failure:
            failures[name] = str(failure)
            _LOG.warning("%s does not serve: %s", without_password(name), failure)
        else:
            _LOG.info("%s served all %d files", without_password(name), len(targets))
            return name
    raise _not_served(params, dataset, failures)


def require_named(params: FetchParams, dataset: DatasetParams) -> None:
    """Look, before a run, whether a source that somebody names has the files; also where they were fetched before.

    Without this a run that has files already would use those, and not a word would tell.

    Raises:
        SourcesError: It has not, or has others; says what is wrong.
    """
    failures: dict[str, str] = {}
    for name in named_sources(params):
        try:
            _verify(open_source(name, params, dataset), params)
        except NotServedError as failure:
            failures[name] = str(failure)
        else:
            return
    if failures:
        raise _not_served(params, dataset, failures)


def explain(failures: Mapping[str, str]) -> str:
    """Return what went wrong with each source, one a line, and what can be done."""
    lines = [f"  {without_password(name)}: {failure}" for name, failure in failures.items()]
    hint = "Put the four files into a folder and name it in LITESMITH_MIRROR, or repair the network."
    return "\n".join([*lines, hint])


def reachable(params: FetchParams, dataset: DatasetParams, timeout_s: float) -> Reach:
    """Ask all sources at once whether they have the files, without bringing them.

    Args:
        params: The sources and files.
        dataset: Whether drawn images are wanted.
        timeout_s: Time for all together. Looking up a name can hang longer than any time-out given to it, so the
            askers are daemon threads, left behind when time is up.
    """
    answers: queue.Queue[tuple[str, str | None]] = queue.Queue()
    sources = _tried(params)
    for name in sources:
        threading.Thread(target=_probe, args=(name, params, dataset, answers), daemon=True).start()
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
    return Reach(
        None, {name: failures.get(name, f"no answer within {timeout_s:g} s") for name in sources}
    )


def open_source(name: str, params: FetchParams, dataset: DatasetParams) -> Source:
    """Return the source that a line of ``fetch.sources`` names.

    Raises:
        NotServedError: It names an environment variable that is not set, or is blank.
    """
    if name == "drawn":
        return Drawn(dataset, params.drawn_seed)
    place = name
    if name.startswith(_ENV):
        place = os.environ.get(_variable(name), "")
        if not place.strip():
            state = f"is blank, got {place!r}" if place else "is not set"
            raise NotServedError(f"the environment variable {_variable(name)} {state}")
    scheme = _SCHEME.match(place)
    if scheme is None:
        return Folder(_expanded(place))
    if scheme[1].lower() not in ("http", "https"):
        raise NotServedError(
            f"addresses of {scheme[1]}:// are not read here, only folders and those of http or https"
        )
    return Address(place, params.timeout_s)


def is_address(place: str) -> bool:
    """Tell whether a source is an address, of whichever kind, instead of a folder."""
    return _SCHEME.match(place) is not None


def without_password(place: str) -> str:
    """Return a source as it may be shown: an address without the name and password that it may begin with."""
    scheme = _SCHEME.match(place)
    if scheme is None:
        return place
    host, slash, path = place[scheme.end() :].partition("/")
    return f"{scheme[0]}{'***@' if '@' in host else ''}{host.rpartition('@')[2]}{slash}{path}"


def resolve_named(sources: Iterable[str]) -> None:
    """Make the folders that the variables of ``env:`` lines name absolute: a step may run in another folder."""
    for variable in (_variable(source) for source in sources if source.startswith(_ENV)):
        place = os.environ.get(variable, "")
        if place.strip() and not is_address(place):
            os.environ[variable] = str(_expanded(place).resolve())


def _expanded(place: str) -> Path:
    """Return a path with ``~`` replaced, as it is where there is no such home."""
    try:
        return Path(place).expanduser()
    except RuntimeError:
        return Path(place)


def _variable(source: str) -> str:
    return source.removeprefix(_ENV)


def _tried(params: FetchParams) -> list[str]:
    return named_sources(params) or list(params.sources)


def _not_served(
    params: FetchParams, dataset: DatasetParams, failures: Mapping[str, str]
) -> SourcesError:
    named = [_variable(source) for source in named_sources(params)]
    if not named:
        return SourcesError(f"no source could serve {dataset.name}.\n{explain(failures)}")
    lines = [
        f"  {_variable(name)}={without_password(os.environ[_variable(name)])}: {failure}"
        for name, failure in failures.items()
    ]
    variables = " and ".join(named)
    hint = (
        f"No other source is tried where one is named. Correct {variables}, or unset it to take what is here or what "
        "fetch.sources in params.yaml lists; for other data than these give their MD5s and sizes in fetch.files."
    )
    return SourcesError("\n".join([f"{variables} cannot serve {dataset.name}.", *lines, hint]))


def _verify(source: Source, params: FetchParams) -> None:
    """Return if a source has the files, or raise `NotServedError`: those of a folder are read, others asked for."""
    for file in _files(params).values():
        source.probe(file)
        if isinstance(source, Folder):
            try:
                _check_md5(file, source.path / file.name)
            except OSError as error:
                raise NotServedError(f"{file.name} cannot be read: {error.strerror}") from error


def _require_sums(params: FetchParams) -> None:
    bare = [role for role, file in _files(params).items() if file.md5 is None or file.size_bytes is None]
    real = [name for name in params.sources if name != "drawn"]
    if bare and real:
        raise ParamsError(
            f"fetch.files.{bare[0]} lacks md5 or size_bytes, got null. Files from {real[0]} must be checked: "
            "give both; only drawn files may go without."
        )


def _files(params: FetchParams) -> dict[str, RawFile]:
    return {role: getattr(params.files, role) for role in type(params.files).model_fields}


def _fetch_all(source: Source, params: FetchParams, targets: Mapping[str, Path]) -> None:
    """Write all files beside their targets, check them, then move all into place."""
    with ExitStack() as stack:
        for role, file in _files(params).items():
            part = stack.enter_context(replacing(targets[role]))
            _fetch_one(source, role, file, part, params)


def _fetch_one(source: Source, role: str, file: RawFile, part: Path, params: FetchParams) -> None:
    """Write one file to ``part`` and check it; after a hiccup try again, waiting twice as long each time."""
    for attempt in range(1, params.attempts + 1):
        try:
            _receive(source.chunks(role, file), file, part)
            break
        except _HiccupError as hiccup:
            if attempt == params.attempts:
                raise NotServedError(f"{hiccup} (tried {attempt} times)") from hiccup
            wait_s = params.backoff_s * 2 ** (attempt - 1)
            _LOG.warning("%s; try %d of %d in %g s", hiccup, attempt + 1, params.attempts, wait_s)
            time.sleep(wait_s)
    _check_md5(file, part)


def _receive(chunks: Iterator[bytes], file: RawFile, part: Path) -> None:
    """Write chunks to ``part`` under a progress bar, and stop at one byte too many."""
    size = 0
    with part.open("wb") as stream, _progress(file) as bar:
        for chunk in chunks:
            size += stream.write(chunk)
            bar.update(len(chunk))
            if file.size_bytes is not None and size > file.size_bytes:
                break
    _check_size(file, size)


class _LogLines:
    """What a progress bar writes, as lines of the log: for where nobody sees a bar."""

    def write(self, text: str) -> None:
        """Log a line that is not blank."""
        if line := text.strip():
            _LOG.info("%s", line)

    def flush(self) -> None:
        """Do nothing: the log keeps nothing back."""


def _progress(file: RawFile) -> "tqdm[Never]":
    """Return a progress bar with time left; lines in the log every five seconds where there is no terminal."""
    seen = sys.stderr.isatty()
    return tqdm(
        total=file.size_bytes,
        desc=file.name,
        unit="B",
        unit_scale=True,
        file=None if seen else _LogLines(),
        mininterval=0.1 if seen else 5,
        delay=0 if seen else 5,
        ncols=None if seen else 80,
    )


def _check_size(file: RawFile, size: int) -> None:
    if file.size_bytes is not None and size != file.size_bytes:
        more = "at least " if size > file.size_bytes else ""
        raise NotServedError(
            f"{file.name} has the wrong size: expected {file.size_bytes} bytes, got {more}{size}"
        )


def _check_md5(file: RawFile, path: Path) -> None:
    with path.open("rb") as stream:
        # Not for security: it is the sum that the makers of the data set publish.
        found = hashlib.file_digest(stream, lambda: hashlib.md5(usedforsecurity=False)).hexdigest()
    if file.md5 is not None and found != file.md5:
        raise NotServedError(f"{file.name} has the wrong MD5: expected {file.md5}, got {found}")


@contextmanager
def _http_failures(file: RawFile) -> Iterator[None]:
    """Turn the many errors of a connection into a hiccup."""
    try:
        yield
    except (requests.RequestException, urllib3.exceptions.HTTPError) as error:
        raise _HiccupError(f"{file.name}: {_reason(error)}") from error


def _reason(error: Exception) -> str:
    """Return what a connection's error comes down to, without the pools and adapters it passed through."""
    inner = getattr(error.args[0], "reason", error) if error.args else error
    text = str(inner)
    return text.partition("): ")[2] or text or type(error).__name__


def _probe(
    name: str,
    params: FetchParams,
    dataset: DatasetParams,
    answers: "queue.Queue[tuple[str, str | None]]",
) -> None:
    """Put into ``answers`` the source's name with what is wrong with it, or None."""
    try:
        source = open_source(name, params, dataset)
        for file in _files(params).values():
            source.probe(file)
    except NotServedError as failure:
        answers.put((name, str(failure)))
    else:
        answers.put((name, None))
