import logging
import os
import shutil
import threading
import time
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from litesmith.data.download import fetch_base, reachable, require_named, resolve_named
from litesmith.data.formats.idx import read_images, read_labels
from litesmith.errors import MachineError, SourcesError
from litesmith.params.everything import Params
from litesmith.params.sections.dataset import PublishedBase
from tests.conftest import ROLES, SmallSet, published
from tests.data_sets import synthetic_base


@dataclass
class Server:
    """An address that serves a folder after the listed troubles."""

    folder: Path
    url: str = ""
    troubles: list[str] = field(default_factory=list)
    requests: Counter[str] = field(default_factory=Counter)
    retry_after_s: int = 0


@pytest.fixture
def server(small_set: SmallSet, monkeypatch: pytest.MonkeyPatch) -> Iterator[Server]:
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server(small_set.folder)

    class Handler(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            server.requests[f"{self.command} {self.path}"] += 1
            trouble = server.troubles.pop(0) if server.troubles else ""
            path = server.folder / self.path.strip("/")
            if trouble.isdigit() or not path.is_file():
                self.send_response(int(trouble or 404))
                if server.retry_after_s:
                    self.send_header("Retry-After", str(server.retry_after_s))
                self.end_headers()
                return
            content = path.read_bytes()
            self.send_response(200)
            self.send_header("Content-Length", "many" if trouble == "odd" else str(len(content)))
            self.end_headers()
            if self.command == "GET":
                self.wfile.write(content[:100] if trouble == "cut" else content)

        do_HEAD = do_GET

        def log_message(self, *_: Any) -> None:
            pass

    http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.url = f"http://127.0.0.1:{http.server_port}"
    threading.Thread(target=http.serve_forever, daemon=True).start()
    yield server
    http.shutdown()
    http.server_close()


def targets(small_set: SmallSet, folder: Path) -> dict[str, Path]:
    return {role: folder / small_set.path(role).name for role in ROLES}


def fetched(params: Params, folder: Path) -> str | None:
    with suppress(PermissionError):  # of a folder that another user may not look into
        folder.mkdir(exist_ok=True)
    return fetch_base(params.fetch, params.dataset, folder)


def with_sources(small_set: SmallSet, *sources: str, **more: Any) -> Params:
    return small_set.served_by(*sources).changed({"fetch": more})


def base_of(params: Params) -> PublishedBase:
    assert isinstance(params.dataset.base, PublishedBase)
    return params.dataset.base


def test_a_folder_serves_the_same_bytes(small_set: SmallSet, tmp_path: Path) -> None:
    assert fetched(small_set.params, tmp_path / "raw") == str(small_set.folder)
    for role, path in targets(small_set, tmp_path / "raw").items():
        assert path.read_bytes() == small_set.path(role).read_bytes()
    assert len(list((tmp_path / "raw").iterdir())) == 4


def test_an_environment_variable_names_a_folder(
    small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_MIRROR", str(small_set.folder))
    assert fetched(with_sources(small_set, "env:SOME_MIRROR"), tmp_path) == "env:SOME_MIRROR"


def test_an_address_serves(small_set: SmallSet, server: Server, tmp_path: Path) -> None:
    assert fetched(with_sources(small_set, server.url + "/"), tmp_path) == server.url + "/"
    assert read_images(targets(small_set, tmp_path)["train_images"]).shape == (100, 28, 28)
    assert read_labels(targets(small_set, tmp_path)["test_labels"]).shape == (50,)


def test_passing_failures_are_tried_again_with_growing_pauses(
    small_set: SmallSet,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    pauses: list[float] = []
    # Of this module alone: other tests may have left threads that sleep.
    clock = SimpleNamespace(sleep=pauses.append, time=time.time)
    monkeypatch.setattr("urllib3.util.retry.time", clock)
    server.troubles = ["503", "cut"]
    with caplog.at_level(logging.WARNING, "litesmith"):
        fetched(with_sources(small_set, server.url, backoff_s=0.25), tmp_path)
    assert pauses == [0.25, 0.5]
    first, second = (
        record.getMessage() for record in caplog.records if record.name.startswith("litesmith")
    )
    assert first == "/train-images-idx3-ubyte.gz: the server answered 503; trying again"
    assert "IncompleteRead(100 bytes read" in second
    assert server.requests["GET /train-images-idx3-ubyte.gz"] == 3
    assert (
        targets(small_set, tmp_path)["train_images"].read_bytes()
        == small_set.path("train_images").read_bytes()
    )


@pytest.mark.parametrize(("requested_s", "waited_s"), [(3, 3), (100_000, 7)])
def test_the_pause_is_what_the_server_asks_for_up_to_the_time_out(
    requested_s: int,
    waited_s: float,
    small_set: SmallSet,
    server: Server,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    pauses: list[float] = []
    monkeypatch.setattr("urllib3.util.retry.time", SimpleNamespace(sleep=pauses.append))
    server.troubles, server.retry_after_s = ["429"], requested_s
    fetched(with_sources(small_set, server.url, timeout_s=7), tmp_path)
    assert pauses == [waited_s]


def test_all_kinds_of_failures_share_the_tries(
    small_set: SmallSet, server: Server, tmp_path: Path
) -> None:
    server.troubles = ["cut", "503", "cut", "503"]
    params = with_sources(small_set, server.url, attempts=3, backoff_s=0)
    with pytest.raises(SourcesError, match=r"IncompleteRead\(100 bytes read.* \(tried 3 times\)"):
        fetched(params, tmp_path)
    assert server.requests.total() == 3


def test_what_will_not_change_is_not_tried_again(
    small_set: SmallSet, server: Server, tmp_path: Path
) -> None:
    server.troubles = ["404"]
    with pytest.raises(
        SourcesError, match=r"train-images-idx3-ubyte\.gz: the server answered 404 Not Found"
    ):
        fetched(with_sources(small_set, server.url), tmp_path)
    assert server.requests.total() == 1


def test_the_whole_set_comes_from_one_source(
    small_set: SmallSet, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    partial = tmp_path / "partial"
    shutil.copytree(small_set.folder, partial)
    (partial / small_set.path("test_labels").name).unlink()
    with caplog.at_level(logging.INFO):
        assert fetched(
            with_sources(small_set, str(partial), str(small_set.folder)), tmp_path / "raw"
        ) == str(small_set.folder)
    assert "t10k-labels-idx1-ubyte.gz is missing in" in caplog.text
    assert f"{small_set.folder} served all 4 files" in caplog.text


def test_if_all_fail_the_error_lists_each(small_set: SmallSet, server: Server, tmp_path: Path) -> None:
    server.troubles = ["500", "500", "500"]
    params = with_sources(small_set, "env:NOT_THERE", str(tmp_path / "none"), server.url)
    with pytest.raises(SourcesError) as caught:
        fetched(params, tmp_path / "raw")
    assert str(caught.value).splitlines() == [
        "no source could serve Fashion-MNIST.",
        "  env:NOT_THERE: the environment variable NOT_THERE is not set",
        f"  {tmp_path}/none: the folder {tmp_path}/none does not exist",
        f"  {server.url}: train-images-idx3-ubyte.gz: "
        "the server answered 500 Internal Server Error (tried 3 times)",
        "Put the files into a folder and name it in LITESMITH_MIRROR, or repair the network.",
    ]
    assert not list((tmp_path / "raw").iterdir())


def test_a_closed_port_is_a_clear_failure(small_set: SmallSet, tmp_path: Path, server: Server) -> None:
    params = with_sources(small_set, "http://127.0.0.1:9", attempts=2)
    with pytest.raises(
        SourcesError, match=r"gz: Failed to establish .*Connection refused \(tried 2 times\)"
    ):
        fetched(params, tmp_path)


def test_wrong_md5_is_refused_and_nothing_is_lost(small_set: SmallSet, tmp_path: Path) -> None:
    fetched(small_set.params, tmp_path / "raw")
    before = {path: path.read_bytes() for path in (tmp_path / "raw").iterdir()}
    content = bytearray(small_set.path("test_images").read_bytes())
    content[-9] ^= 1
    small_set.path("test_images").write_bytes(content)
    expected = small_set.base.files[2].md5
    actual = published(small_set.path("test_images")).md5
    text = f"t10k-images-idx3-ubyte.gz has the wrong MD5: expected {expected}, got {actual}"
    with pytest.raises(SourcesError, match=text):
        fetched(small_set.params, tmp_path / "raw")
    assert {path: path.read_bytes() for path in (tmp_path / "raw").iterdir()} == before


@pytest.mark.parametrize(("change", "got"), [(-1, r"\d+"), (1, r"at least \d+")])
def test_wrong_size_is_refused(
    change: int, got: str, small_set: SmallSet, server: Server, tmp_path: Path
) -> None:
    content = small_set.path("train_images").read_bytes()
    small_set.path("train_images").write_bytes(content[:-1] if change < 0 else content + b"!")
    text = rf"train-images-idx3-ubyte.gz has the wrong size: expected {len(content)} bytes, got {got}"
    with pytest.raises(SourcesError, match=text):
        fetched(with_sources(small_set, server.url), tmp_path)


def synthetic_params(small_set: SmallSet, seed: int = 28) -> Params:
    base = synthetic_base(subject="garments", num_train=100, num_test=50, difficulty=0.0, seed=seed)
    params = small_set.params
    return params.replace(dataset=params.dataset.replace(base=base))


def test_synthetic_files_are_the_same_each_time_and_train_differs_from_test(
    small_set: SmallSet, tmp_path: Path
) -> None:
    for name, seed in (("a", 28), ("b", 28), ("c", 5)):
        assert fetched(synthetic_params(small_set, seed), tmp_path / name) is None
    contents = {
        name: [path.read_bytes() for path in targets(small_set, tmp_path / name).values()]
        for name in "abc"
    }
    assert contents["a"] == contents["b"]
    assert contents["a"][0] != contents["c"][0]
    train, test = (
        read_images(targets(small_set, tmp_path / "a")["train_images"]),
        read_images(targets(small_set, tmp_path / "a")["test_images"]),
    )
    assert (len(train), len(test)) == (100, 50)
    assert not {image.tobytes() for image in train} & {image.tobytes() for image in test}


def test_a_set_without_a_base_begins_empty(small_set: SmallSet, tmp_path: Path) -> None:
    params = small_set.params
    assert fetched(params.replace(dataset=params.dataset.replace(base=None)), tmp_path / "raw") is None
    assert list((tmp_path / "raw").iterdir()) == []


def test_full_disk_stops_with_what_to_do_and_loses_nothing(small_set: SmallSet, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    fetched(small_set.params, raw)
    name = small_set.path("test_images").name
    before = (raw / name).read_bytes()
    # The device that answers every write with ENOSPC, under the name that the part is written to.
    part = name.replace(".gz", f".part{os.getpid()}.gz")
    (raw / f".{part}").symlink_to("/dev/full")
    reason = r"the disk is full: free some space and run again\."
    text = rf"cannot write .*t10k-images-idx3-ubyte\.gz: {reason} No file is left half"
    with pytest.raises(MachineError, match=text):
        fetched(small_set.params, raw)
    assert (raw / name).read_bytes() == before
    assert sorted(path.name for path in raw.iterdir()) == sorted(
        file.name for file in small_set.base.files
    )


def test_a_folder_without_write_permission_is_named(small_set: SmallSet, not_root: Path) -> None:
    mirror = not_root.with_name("mirror")
    with pytest.raises(
        MachineError, match=r"cannot write .*/raw/train-images-idx3-ubyte\.gz: it or its folder may not"
    ):
        fetched(with_sources(small_set, str(mirror)), not_root / "raw")


@pytest.fixture
def not_root(small_set: SmallSet, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Return a read-only folder; root, who may write everywhere, is another user meanwhile."""
    base = tmp_path_factory.getbasetemp().parent.parent / f"litesmith-locked-{os.getpid()}"
    mirror, locked = base / "mirror", base / "locked"
    shutil.copytree(small_set.folder, mirror)
    (locked / "raw").mkdir(parents=True)
    (locked / "raw").chmod(0o555)
    locked.chmod(0o555)
    user = os.geteuid()
    if user == 0:
        os.seteuid(65534)
    yield locked
    os.seteuid(user)
    locked.chmod(0o755)
    (locked / "raw").chmod(0o755)
    shutil.rmtree(base)


def test_reachable_finds_a_source_and_says_what_is_wrong_with_others(
    small_set: SmallSet, server: Server
) -> None:
    params = with_sources(small_set, "env:NOT_THERE", server.url)
    reach = reachable(params.fetch, base_of(params), timeout_s=10)
    assert reach.source == server.url
    assert {name.split()[0] for name in server.requests} == {"HEAD"}


def test_reachable_asks_for_every_file(small_set: SmallSet, server: Server) -> None:
    small_set.path("test_labels").unlink()
    params = with_sources(small_set, server.url, str(small_set.folder))
    reach = reachable(params.fetch, base_of(params), timeout_s=10)
    assert reach.source is None
    assert reach.failures == {
        server.url: "t10k-labels-idx1-ubyte.gz: the server answered 404 Not Found",
        str(small_set.folder): f"t10k-labels-idx1-ubyte.gz is missing in {small_set.folder}",
    }


def test_reachable_does_not_wait_for_a_source_that_hangs(
    small_set: SmallSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    forever = threading.Event()
    monkeypatch.setattr("litesmith.data.address.Address.probe", lambda *_: forever.wait())
    params = with_sources(small_set, "http://127.0.0.1:9")
    reach = reachable(params.fetch, base_of(params), timeout_s=0.05)
    forever.set()
    assert (reach.source, reach.failures) == (None, {"http://127.0.0.1:9": "no answer within 0.05 s"})


def test_without_a_terminal_progress_goes_to_the_log(
    small_set: SmallSet,
    tmp_path: Path,
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    from litesmith.data.address import _progress

    monkeypatch.setattr("sys.stderr.isatty", lambda: False, raising=False)
    with (
        caplog.at_level(logging.INFO),
        _progress(small_set.base.files[0]) as bar,
    ):
        bar.delay = 0
        bar.update(20)
        bar.refresh()
    assert "train-images-idx3-ubyte.gz" in caplog.text
    assert "20.0/" in caplog.text


def test_a_named_source_is_the_only_one_tried(
    small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_MIRROR", str(tmp_path / "gone"))
    params = with_sources(small_set, str(small_set.folder), "env:SOME_MIRROR", "env:NOT_THERE")
    with pytest.raises(SourcesError) as caught:
        fetched(params, tmp_path / "raw")
    assert str(caught.value).splitlines() == [
        "SOME_MIRROR cannot serve Fashion-MNIST.",
        f"  SOME_MIRROR={tmp_path}/gone: the folder {tmp_path}/gone does not exist",
        "No other source is tried where one is named. Correct SOME_MIRROR, or unset it to take what is "
        "here or what base.sources in the data set's file lists; for other data than these write a data "
        "set of your own into datasets/.",
    ]
    assert list((tmp_path / "raw").iterdir()) == []
    assert reachable(params.fetch, base_of(params), timeout_s=5).source is None


def test_a_named_source_goes_before_those_that_stand_above_it(
    small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_MIRROR", str(small_set.folder))
    params = with_sources(small_set, str(small_set.folder), "env:SOME_MIRROR")
    assert fetched(params, tmp_path) == "env:SOME_MIRROR"
    assert reachable(params.fetch, base_of(params), timeout_s=5).source == "env:SOME_MIRROR"


def test_a_server_without_head_is_asked_by_get(
    small_set: SmallSet, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_MIRROR", server.url)
    params = with_sources(small_set, "env:SOME_MIRROR")
    server.troubles = [trouble for status in ("405", "501", "403", "405") for trouble in (status, "")]
    require_named(params.fetch, params.dataset)
    assert len(server.requests) == 8


def test_a_length_that_is_no_number_is_ignored(
    small_set: SmallSet, server: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_MIRROR", server.url)
    server.troubles = ["odd"] * 4
    params = with_sources(small_set, "env:SOME_MIRROR")
    require_named(params.fetch, params.dataset)
    assert not server.troubles


def test_a_password_in_an_address_is_not_shown(
    small_set: SmallSet,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    address = "http://user:se@cret@127.0.0.1:9/data@home"
    monkeypatch.setenv("SOME_MIRROR", address)
    with pytest.raises(
        SourcesError, match=r"SOME_MIRROR=http://\*\*\*@127\.0\.0\.1:9/data@home: "
    ) as named:
        fetched(with_sources(small_set, "env:SOME_MIRROR", attempts=1), tmp_path)
    monkeypatch.delenv("SOME_MIRROR")
    with pytest.raises(SourcesError, match=r"  http://\*\*\*@127\.0\.0\.1:9/data@home: ") as listed:
        fetched(with_sources(small_set, address, attempts=1), tmp_path)
    assert "cret" not in f"{named.value}{listed.value}{caplog.text}"


@pytest.mark.parametrize(
    ("value", "reason"),
    [
        ("  ", "the environment variable SOME_MIRROR is blank, got '  '"),
        ("~nobody-of-this-name/x", "the folder ~nobody-of-this-name/x does not exist"),
        ("not/here", "the folder not/here does not exist"),
        ("file", "file is not a folder"),
        ("http://127.0.0.1:9", "Connection refused"),
        ("synthetic", "the folder synthetic does not exist"),
        ("HTTP://127.0.0.1:9", "Connection refused"),
        (
            "file:///data",
            "addresses of file:// are not read here, only folders and those of http or https",
        ),
        ("s3://bucket/data", "addresses of s3:// are not read here"),
    ],
)
def test_what_is_named_by_mistake_stops_with_the_reason(
    value: str, reason: str, small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "file").touch()
    monkeypatch.setenv("SOME_MIRROR", value)
    params = with_sources(small_set, "env:SOME_MIRROR", str(small_set.folder), attempts=1)
    with pytest.raises(SourcesError) as caught:
        fetched(params, tmp_path / "raw")
    with pytest.raises(SourcesError) as looked:
        require_named(params.fetch, params.dataset)
    assert f"  SOME_MIRROR={value}: " in str(caught.value)
    assert reason in str(caught.value) and reason in str(looked.value)


def test_an_empty_variable_names_nothing(
    small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_MIRROR", "")
    params = with_sources(small_set, "env:SOME_MIRROR", str(small_set.folder))
    require_named(params.fetch, params.dataset)
    assert fetched(params, tmp_path) == str(small_set.folder)


def test_a_home_and_an_address_may_be_named(
    small_set: SmallSet, server: Server, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    params = with_sources(small_set, "env:SOME_MIRROR", "no/where")
    monkeypatch.setenv("HOME", str(small_set.folder.parent))
    for value in (f"~/{small_set.folder.name}", server.url):
        monkeypatch.setenv("SOME_MIRROR", value)
        require_named(params.fetch, params.dataset)
        assert fetched(params, tmp_path) == "env:SOME_MIRROR"
    resolve_named(base_of(params).sources)
    assert os.environ["SOME_MIRROR"] == server.url


def test_a_named_folder_of_other_images_is_refused_before_the_run(
    small_set: SmallSet, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("SOME_MIRROR", str(small_set.folder))
    params = with_sources(small_set, "env:SOME_MIRROR")
    require_named(params.fetch, params.dataset)
    content = bytearray(small_set.path("test_images").read_bytes())
    content[-9] ^= 1
    small_set.path("test_images").write_bytes(content)
    with pytest.raises(
        SourcesError, match=r"t10k-images-idx3-ubyte\.gz has the wrong MD5: expected \w+, got"
    ):
        require_named(params.fetch, params.dataset)


def test_synthetic_images_are_not_the_variables_business(
    small_set: SmallSet, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("LITESMITH_MIRROR", str(tmp_path / "gone"))
    params = synthetic_params(small_set)
    require_named(params.fetch, params.dataset)
    assert fetched(params, tmp_path / "raw") is None
