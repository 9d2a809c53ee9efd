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
from litesmith.params.sections.dataset import PublishedFile
from litesmith.params.sections.fetch import FetchParams

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

    def save(self, file: PublishedFile, part: Path) -> None:
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
                with self._request("GET", file, retry) as response:
                    retry = _receive(response, file, part)

    def probe(self, file: PublishedFile) -> None:
        """Ask once for a file's headers."""
        with _http_failures(file), self._request("HEAD", file, Retry(0)) as response:
            size = response.headers.get("Content-Length", "")
        if size.isdecimal():
            check_size(file, int(size))

    def _request(self, method: str, file: PublishedFile, retry: Retry) -> requests.Response:
        session = requests.Session()
        for scheme in ("http://", "https://"):
            session.mount(scheme, HTTPAdapter(max_retries=retry))
        response = session.request(
            method,
            f"{self.url.rstrip('/')}/{file.name}",
            # The files are gzip themselves: they must not be packed once more, nor unpacked on the way.
            headers={"Accept-Encoding": "identity"},
            stream=True,
            timeout=self.params.timeout_s,
        )
        if method == "HEAD" and response.status_code in _NO_HEAD:
            response.close()
            return self._request("GET", file, retry)  # only its headers are read
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
        reason = last.error or f"the server answered {last.status}"
        _LOG.warning("%s: %s; trying again", last.url, reason)
        super().sleep(response)


def _receive(response: requests.Response, file: PublishedFile, part: Path) -> Retry | None:
    """Write a body; return the tries left if it broke off.

    At most one byte beyond the file's size is written.

    Raises:
        MaxRetryError: It broke off and no try is left.
    """
    try:
        with part.open("wb") as stream, _progress(file) as bar:
            for chunk in response.raw.stream(_CHUNK_BYTES, decode_content=False):
                bar.update(stream.write(chunk))
                if stream.tell() > file.size_bytes:
                    break
    except HTTPError as error:  # an adapter retries what breaks before the body alone
        retry = _retries(response).increment("GET", f"/{file.name}", error=error)
        retry.sleep()
        return retry
    return None


def _retries(response: requests.Response) -> Retry:
    assert response.raw.retries is not None
    return response.raw.retries


class _LogLines:
    """A progress bar's output, as lines of the log."""

    def write(self, text: str) -> None:
        if line := text.strip():
            _LOG.info("%s", line)


def _progress(file: PublishedFile) -> "tqdm[Never]":
    """Return a progress bar, or one for the log."""
    is_terminal = sys.stderr.isatty()
    return tqdm(
        total=file.size_bytes,
        desc=file.name,
        unit="B",
        unit_scale=True,
        file=None if is_terminal else _LogLines(),
        mininterval=0.1 if is_terminal else 5,
        delay=0 if is_terminal else 5,
        ncols=None if is_terminal else 80,
    )


@contextmanager
def _http_failures(file: PublishedFile, num_tries: int = 1) -> Iterator[None]:
    """Turn a connection's errors into `NotServedError` with their innermost reason."""
    try:
        yield
    except (requests.RequestException, HTTPError) as error:
        reasons = (getattr(layer, "reason", None) for layer in (error, *error.args))
        text = str(next(filter(None, reasons), error))
        reason = text.partition("): ")[2] or text or type(error).__name__
        raise NotServedError(f"{file.name}: {reason}{_tries(num_tries)}") from error


def _tries(num: int) -> str:
    return f" (tried {num} times)" if num > 1 else ""
