import os
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from urllib.request import proxy_bypass_environment

import pytest

from flows.__main__ import main
from flows.server import prefect_environment, server, server_cpu_s, use_prefect_environment, watched
from litesmith.errors import MachineError
from tasks.dag.lock import serving_alone

ROOT = Path(__file__).parents[2]


def test_a_port_that_is_taken_is_named_with_the_way_out(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        refusal = f"port {port} of 127.0.0.1 is taken: .*flows serve --port PORT"
        with pytest.raises(MachineError, match=refusal), server(tmp_path, port):
            pass
    assert not (tmp_path / ".litesmith").exists()


def test_nothing_is_reported_and_no_proxy_is_asked_for_this_machine(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("NO_PROXY", "example.org")
    settings = prefect_environment(tmp_path)
    assert settings["PREFECT_SERVER_ANALYTICS_ENABLED"] == "false"
    assert settings["DO_NOT_TRACK"] == "1"
    assert settings["NO_PROXY"] == "example.org,127.0.0.1"
    assert settings["no_proxy"].endswith("127.0.0.1")
    assert Path(settings["PREFECT_HOME"]).is_relative_to(tmp_path)
    assert Path(settings["PREFECT_LOGGING_CONFIG_PATH"]).is_file()


def test_this_process_asks_no_proxy_for_this_machine_and_keeps_what_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    environment = {
        "NO_PROXY": "corp",
        "no_proxy": "corp",
        "http_proxy": "http://127.0.0.1:9",
        "PREFECT_HOME": "/chosen",
    }
    monkeypatch.setattr(os, "environ", environment)
    use_prefect_environment(tmp_path)
    assert environment["NO_PROXY"] == environment["no_proxy"] == "corp,127.0.0.1"
    assert environment["PREFECT_HOME"] == "/chosen"
    assert proxy_bypass_environment("127.0.0.1:4200")


def test_an_unknown_profile_is_said_before_a_server_is_started(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(ROOT)
    assert main(["retrain", "--profile", "quikc"]) == 1
    said = capsys.readouterr().err
    assert "\nerror: 'quikc' is not a profile. Did you mean quick? Known here: drawn, nightly, portable, quick." in said
    assert "server" not in said


def test_the_time_in_which_a_server_starts_is_used(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    events: list[str] = []

    @contextmanager
    def _watched(*_: object) -> Iterator[None]:
        events.append("begun")
        yield
        events.append("stopped")

    monkeypatch.setattr("flows.server.watched", _watched)
    monkeypatch.setattr("flows.server._wait_until_healthy", lambda *_: events.append("healthy"))
    with server(tmp_path, meanwhile=events.append) as url:
        events.append("used")
    assert events == ["begun", url, "healthy", "used", "stopped"]


def test_a_server_that_is_named_and_gone_is_explained(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "environ", {**os.environ, "PREFECT_API_URL": "http://127.0.0.1:9/api"})
    monkeypatch.setattr("flows.precheck.check", lambda *_: None)
    monkeypatch.chdir(tmp_path)
    assert main(["retrain"]) == 1
    assert capsys.readouterr().err.endswith(
        "\nerror: no Prefect server answers at http://127.0.0.1:9/api, which PREFECT_API_URL names. "
        "Start it (`make serve`), or unset the variable: the run then starts a server of its own.\n"
    )


def test_a_second_serve_of_one_project_is_refused_before_anything_is_started(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    with serving_alone(tmp_path):
        assert main(["serve"]) == 1
    said = capsys.readouterr()
    assert said.err.startswith("error: this project is served already: `python")
    assert "starting" not in said.out
    assert not (tmp_path / ".litesmith/prefect").exists()


def test_a_relative_mirror_is_made_absolute_for_whoever_serves_too(
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
    with watched(["http.server", "0"], {}, tmp_path / "log"):
        assert server_cpu_s() is None
