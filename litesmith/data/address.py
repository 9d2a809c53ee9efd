"""Raw files over HTTP, with retries by urllib3."""

import logging
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Never

import requests
from requests.adapters import HTTPAdapter
from tqdm import tqdm
from urllib3 import BaseHTTPResponse, Retry
from urllib3.exceptions import HTTPError

from litesmith.data.sources import NotServedError, check_size
from litesmith.params.sections.fetch import FetchParams, RawFile

_LOG = logging.getLogger(__name__)
_CHUNK_BYTES = 1 << 16
# Answers that may be another a moment later.
_PASSING_STATUS = (408, 425, 429, 500, 502, 503, 504)
# Answers of servers that know no HEAD, or of storage whose signed addresses are for GET alone.
_NO_HEAD = (403, 405, 501)


@dataclass(frozen=True)
class Address:
    """An http or https address below which the files lie."""

    url: str
    params: FetchParams

    def save(self, role: str, file: RawFile, part: Path) -> None:
        """Download a file; after a passing failure try again."""
        retry: Retry | None = _LoggedRetry(
            self.params.attempts - 1,
            status_forcelist=_PASSING_STATUS,
            backoff_factor=self.params.backoff_s,
            raise_on_status=False,
            retry_after_max=int(self.params.timeout_s),
        )
        with _http_failures(file, self.params.attempts):
            while retry:
                with self._ask("GET", file, retry) as response:
                    retry = _receive(response, file, part)

    def probe(self, file: RawFile) -> None:
        """Ask once for a file's headers."""
        with _http_failures(file), self._ask("HEAD", file, Retry(0)) as response:
            size = response.headers.get("Content-Length", "")
        if size.isdecimal():
            check_size(file, int(size))

    def _ask(self, method: str, file: RawFile, retry: Retry) -> requests.Response:
        """Send a request; the response's body is not yet read."""
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        response = session.request(
            method,
            f"{self.url.rstrip('/')}/{file.name}",
            # The files are gzip themselves: they must not be packed once more, nor unpacked on the way.
            headers={"Accept-Encoding": "identity"},
            allow_redirects=True,
            stream=True,
            timeout=self.params.timeout_s,
        )
        if method == "HEAD" and response.status_code in _NO_HEAD:
            response.close()
            return self._ask("GET", file, retry)  # only its headers are read
        if not response.ok:
            answer = f"the server answered {response.status_code} {response.reason}"
            raise NotServedError(f"{file.name}: {answer}{_tries(len(_retries(response).history) + 1)}")
        return response


class _LoggedRetry(Retry):
    """Retries with a pause before the second try, and a log."""

    def get_backoff_time(self) -> float:
        """Return the seconds to wait, doubled with each try."""
        return float(min(self.backoff_max, self.backoff_factor * 2 ** (len(self.history) - 1)))

    def sleep(self, response: BaseHTTPResponse | None = None) -> None:
        """Log the failure, then wait: ``Retry-After``, or the next pause."""
        last = self.history[-1]
        _LOG.warning(
            "%s: %s; trying again", last.url, last.error or f"the server answered {last.status}"
        )
        super().sleep(response)


def _receive(response: requests.Response, file: RawFile, part: Path) -> Retry | None:
    """Write a response's body, up to one byte too many.

    Returns:
        None if it came to its end, and otherwise, after a pause, the tries that are left.

    Raises:
        MaxRetryError: It broke off and no try is left.
    """
    try:
        with part.open("wb") as stream, _progress(file) as bar:
            for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
                bar.update(stream.write(chunk))
                if file.size_bytes is not None and stream.tell() > file.size_bytes:
                    break
    except HTTPError as error:  # an adapter retries what breaks before the body alone
        retry = _retries(response).increment("GET", f"/{file.name}", error=error)
        retry.sleep()
        return retry
    return None


def _retries(response: requests.Response) -> Retry:
    """Return what a response left of its request's tries."""
    assert response.raw.retries is not None
    return response.raw.retries


class _LogLines:
    """A progress bar's output, as lines of the log."""

    def write(self, text: str) -> None:
        """Log a line that is not blank."""
        if line := text.strip():
            _LOG.info("%s", line)

    def flush(self) -> None:
        """Do nothing: the log keeps nothing back."""


def _progress(file: RawFile) -> "tqdm[Never]":
    """Return a progress bar, or one for the log."""
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


@contextmanager
def _http_failures(file: RawFile, num_tries: int = 1) -> Iterator[None]:
    """Turn the many errors of a connection into `NotServedError`."""
    try:
        yield
    except (requests.RequestException, HTTPError) as error:
        raise NotServedError(f"{file.name}: {_reason(error)}{_tries(num_tries)}") from error


def _reason(error: Exception) -> str:
    """Return the innermost reason of a connection's error."""
    reasons = (getattr(layer, "reason", None) for layer in (error, *error.args))
    text = str(next(filter(None, reasons), error))
    return text.partition("): ")[2] or text or type(error).__name__


def _tries(num: int) -> str:
    return f" (tried {num} times)" if num > 1 else ""
