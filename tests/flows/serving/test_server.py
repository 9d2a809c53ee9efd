import base64
import errno
import os
import re
import shutil
import socket
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import pytest

from flows.__main__ import _api, main
from flows.serving.environment import HOME
from flows.serving.server import (
    _free_port,
    _is_ready,
    _wait_until_ready,
    require_answer,
    server,
    server_cpu_s,
    watched,
)
from litesmith.errors import MachineError
from tasks.dag.lock import serving_alone

ROOT = Path(__file__).parents[3]


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refusal = f"port {port} of 127.0.0.1 is taken: stop what listens there .*flows serve --port PORT"
        with pytest.raises(MachineError, match=refusal), server(tmp_path, port):
            pass
    assert not (tmp_path / ".litesmith").exists()


def test_an_unknown_profile_is_refused_before_a_server_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["retrain", "--profile", "quikc"]) == 1
    output = capsys.readouterr().err
    assert (
        "\nerror: 'quikc' is not a profile. Did you mean quick? "
        "Known here: nightly, portable, quick, second-seed, synthetic, third-seed." in output
    )
    assert "server" not in output


def test_the_time_in_which_a_server_starts_is_used(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    events: list[str] = []

    @contextmanager
    def _watched(*_: object, **__: object) -> Iterator[None]:
        events.append("begun")
        yield
        events.append("stopped")

    monkeypatch.setattr("flows.serving.server.watched", _watched)
    monkeypatch.setattr("flows.serving.server._wait_until_ready", lambda *_: events.append("ready"))
    with server(tmp_path, meanwhile=events.append) as url:
        events.append("used")
    assert events == ["begun", url, "ready", "used", "stopped"]


def test_a_server_that_is_named_and_gone_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api"})
    monkeypatch.setattr("flows.precheck.checked_choice", lambda *_, **__: (None, None))
    monkeypatch.chdir(tmp_path)
    assert main(["retrain"]) == 1
    assert capsys.readouterr().err.endswith(
        "\nerror: no Prefect server answers at http://127.0.0.1:9/api, which PREFECT_API_URL names: "
        "[Errno 111] Connection refused. Start it (`make serve`), or unset PREFECT_API_URL: the run "
        "then starts a server of its own.\n"
    )


@contextmanager
def _answering(status: int, content: str, password: str | None = None) -> Iterator[str]:
    """Answer every request alike, with 401 where a password is missing; yield the address."""
    expected = password and f"Basic {base64.b64encode(password.encode()).decode()}"

    class _Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers.get("Content-Length", 0)))
            known = expected in (None, self.headers.get("Authorization"))
            self.send_response(status if known else 401)
            self.send_header("Content-Length", str(len(content)))
            self.end_headers()
            self.wfile.write(content.encode())

        def do_GET(self) -> None:
            if self.path.endswith("/ready"):
                self.send_response(200)
                self.end_headers()
            else:  # Prefect's client requests a token first, and works without if there is no such page
                self.send_error(404)

        def log_message(self, *_: object) -> None: ...

    with ThreadingHTTPServer(("127.0.0.1", 0), _Handler) as answering:
        threading.Thread(target=answering.serve_forever, daemon=True).start()
        yield f"http://127.0.0.1:{answering.server_address[1]}/api"
        answering.shutdown()


@pytest.mark.parametrize("status", [401, 403])
def test_a_server_that_requires_authentication_is_not_reported_as_gone(status: int) -> None:
    with (
        _answering(status, '{"exception_message": "Unauthorized"}') as url,
        pytest.raises(
            MachineError, match=rf"requires authentication .*\({status}\)\. Set PREFECT_API_AUTH_STRING"
        ),
    ):
        require_answer(url)


@pytest.mark.parametrize(
    ("status", "content"),
    [(404, "not found"), (405, "{}"), (200, "<html>hello</html>"), (200, '{"hello": 1}')],
)
def test_another_server_is_reported_with_the_form_of_the_address(status: int, content: str) -> None:
    with (
        _answering(status, content) as url,
        pytest.raises(MachineError, match=r"is not the API of a Prefect server .* ends in /api"),
    ):
        require_answer(url)


def test_a_failing_server_is_named_with_its_status() -> None:
    with (
        _answering(500, "{}") as url,
        pytest.raises(MachineError, match=r"fails \(500\): look at its log"),
    ):
        require_answer(url)


def test_a_server_that_takes_orders_is_accepted() -> None:
    with _answering(200, "[]") as url:
        require_answer(url)


@pytest.mark.slow
@pytest.mark.parametrize(("password", "code"), [("admin:pass", 0), ("admin:other", 1), (None, 1)])
def test_the_credentials_of_the_environment_are_shown_to_a_server_that_asks(
    password: str | None, code: int
) -> None:
    program = (
        "import sys; from flows.serving.server import require_answer\n"
        "from litesmith.errors import MachineError\n"
        "try:\n    require_answer(sys.argv[1])\n"
        "except MachineError as error:\n    sys.exit(str(error))\n"
    )
    own = {name: value for name, value in os.environ.items() if not name.startswith("PREFECT_")}
    given = {"PREFECT_API_AUTH_STRING": password} if password else {}
    with _answering(200, "[]", "admin:pass") as url:
        process = subprocess.run(
            [sys.executable, "-c", program, url], cwd=ROOT, env={**own, **given},
            capture_output=True, text=True, check=False,
        )  # fmt: skip
    assert process.returncode == code, process.stderr
    assert ("requires authentication" in process.stderr) == bool(code)
    # Only what is meant for a person: no line for each request.
    assert "HTTP Request" not in process.stderr


def test_the_run_uses_the_corrected_address(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with _answering(200, "[]") as url:
        os.environ["PREFECT_API_URL"] = f" {url.replace('http', 'HTTP')}/ "
        with _api(tmp_path):
            assert os.environ["PREFECT_API_URL"] == url
    assert f"this run can be watched at {url.removesuffix('/api')}\n" in capsys.readouterr().err


@pytest.mark.parametrize("port", ["70000", "65536", "0", "-1", "http", "4200.5", ""])
def test_an_invalid_port_is_refused_with_the_range(
    port: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as ended:
        main(["serve", "--port", port])
    assert ended.value.code == 2
    output = capsys.readouterr()
    assert f"argument --port: a port is a whole number from 1 to 65535, got {port!r}" in output.err
    assert output.out == ""


def test_a_port_of_the_system_is_refused_with_the_reason(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _bind(*_: object) -> None:
        raise PermissionError(13, "Permission denied")

    monkeypatch.setattr(socket.socket, "bind", _bind)
    with pytest.raises(MachineError, match=r"port 80 .* may not be used by this user: ports below 1024"):
        server(tmp_path, 80).__enter__()


def test_a_folder_that_cannot_be_written_is_named_before_a_server_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def _open(path: Path, *_: object) -> None:
        raise OSError(errno.EROFS, "Read-only file system", str(path))

    monkeypatch.setattr(Path, "open", _open)
    with pytest.raises(
        MachineError, match=r"cannot write .*server\.log: the file system is mounted read-only"
    ):
        server(tmp_path).__enter__()


def test_a_damaged_database_is_refused_before_a_server_is_started(tmp_path: Path) -> None:
    (tmp_path / HOME).mkdir(parents=True)
    (tmp_path / HOME / "prefect.db").write_bytes(b"hello world" * 1000)
    with pytest.raises(
        MachineError, match=r"server was not started: its database .* is damaged. Move the folder"
    ):
        server(tmp_path).__enter__()
    assert not (tmp_path / HOME / "server.log").exists()


@pytest.mark.slow
def test_a_database_of_a_newer_prefect_is_named_with_the_folder_and_the_end_of_the_log(
    tmp_path: Path,
) -> None:
    (tmp_path / HOME).mkdir(parents=True)
    with closing(sqlite3.connect(tmp_path / HOME / "prefect.db")) as database, database:
        database.execute("create table alembic_version (version_num varchar(32) not null)")
        database.execute("insert into alembic_version values ('deadbeef1234')")
    with pytest.raises(MachineError) as caught:
        server(tmp_path).__enter__()
    message = str(caught.value)
    assert re.match(
        r"Prefect's server ended after \d+ s: its database .* was written by a newer version of Prefect",
        message,
    )
    assert f"Move the folder {tmp_path / HOME} away" in message
    assert "within" not in message
    assert "Can't locate revision identified by 'deadbeef1234'" in message


def test_a_second_serve_of_one_project_is_refused_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    for name in ("params.yaml", "prefect.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    shutil.copytree(ROOT / "devices", tmp_path / "devices")
    shutil.copytree(ROOT / "datasets", tmp_path / "datasets")
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with serving_alone(tmp_path):
        assert main(["serve"]) == 1
    output = capsys.readouterr()
    assert output.err.startswith("error: this project is served already: by `python")
    assert "starting" not in output.out
    assert not (tmp_path / ".litesmith/prefect").exists()


def test_a_relative_mirror_becomes_absolute_for_serve_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {**os.environ, "LITESMITH_MIRROR": "mirror"}
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", environment)
    with serving_alone(tmp_path):
        assert main(["serve"]) == 1
    assert environment["LITESMITH_MIRROR"] == str(tmp_path.resolve() / "mirror")


def test_a_server_that_is_no_child_of_this_process_has_no_cpu_time_here(tmp_path: Path) -> None:
    assert server_cpu_s() is None
    with watched(["http.server", "0"], os.environ, tmp_path / "log"):
        assert server_cpu_s() is None


def test_another_server_on_the_port_is_not_taken_for_the_child(
    tmp_path: Path,
) -> None:
    with (
        _answering(200, "true") as url,
        watched(["http.server", "0"], os.environ, tmp_path / "log") as child,
    ):
        assert not _is_ready(url, child)
        with pytest.raises(
            MachineError, match=r"Prefect's server ended after \d+ s: another program took its port"
        ):
            child.kill()
            child.wait()
            (tmp_path / "log").write_text(
                "before\nPort 1 is already in use. Please specify a different port\n"
            )
            _wait_until_ready(url, child, tmp_path / "log", len("before\n"))


def test_a_child_listens_on_its_own_port(tmp_path: Path) -> None:
    port = _free_port(0)
    (tmp_path / "ready").touch()
    command = ["http.server", "--bind", "127.0.0.1", str(port)]
    url = f"http://127.0.0.1:{port}"
    with watched(command, os.environ, tmp_path / "log", folder=tmp_path) as child:
        deadline = time.monotonic() + 30
        while not _is_ready(url, child) and time.monotonic() < deadline:
            time.sleep(0.05)
        assert _is_ready(url, child)
    assert not _is_ready(url, child)
