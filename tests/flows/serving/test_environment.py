import os
import subprocess
import sys
from pathlib import Path
from urllib.request import proxy_bypass_environment

import pytest

from flows.serving.environment import (
    named_server,
    own_environment,
    prefect_environment,
    use_named_environment,
    use_own_environment,
    without_password,
)
from litesmith.errors import MachineError

ROOT = Path(__file__).parents[3]

# What people set for another server; some of it alone makes ours refuse its own run, or not start.
FOREIGN = {
    "PREFECT_SERVER_API_AUTH_STRING": "admin:pass",
    "prefect_server_api_auth_string": "admin:pass",
    "PREFECT_SERVER_API_BASE_PATH": "/prefect/api",
    "PREFECT_SERVER_DATABASE_MIGRATE_ON_START": "false",
    "PREFECT_API_DATABASE_CONNECTION_URL": "postgresql+asyncpg://nobody@db.example.org/prefect",
    "PREFECT_SERVER_DATABASE_HOST": "db.example.org",
    "PREFECT_API_AUTH_STRING": "admin:pass",
    "PREFECT_API_KEY": "pnu_123",
    "PREFECT_API_SSL_CERT_FILE": "/nowhere.pem",
    "PREFECT_SERVER_SERVICES_SCHEDULER_ENABLED": "false",
    "PREFECT_SERVER_ALLOW_EPHEMERAL_MODE": "true",
    "PREFECT_CLIENT_MAX_RETRIES": "0",
    "PREFECT_PROFILE": "cloud",
    "WEB_CONCURRENCY": "3",
}


def test_nothing_is_reported_and_no_proxy_is_used_for_this_machine(
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


@pytest.mark.parametrize("name", FOREIGN)
def test_a_server_of_our_own_gets_nothing_that_is_meant_for_another(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, FOREIGN[name])
    assert name not in own_environment(tmp_path)
    monkeypatch.setattr(os, "environ", dict(os.environ))
    use_own_environment(tmp_path)
    assert name not in os.environ


def test_a_server_of_our_own_is_the_projects_whatever_home_and_address_are_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in (
        "HOME",
        "PROFILES_PATH",
        "API_URL",
        "LOGGING_CONFIG_PATH",
        "SERVER_CONCURRENCY_LEASE_STORAGE",
    ):
        monkeypatch.setenv(f"PREFECT_{name}", "/chosen")
    own = own_environment(tmp_path, "http://127.0.0.1:1/api")
    assert "/chosen" not in own.values()
    assert own["PREFECT_API_URL"] == "http://127.0.0.1:1/api"
    assert (
        Path(own["PREFECT_PROFILES_PATH"]).parent
        == Path(own["PREFECT_HOME"])
        == tmp_path / ".litesmith/prefect"
    )
    assert own["PREFECT_SERVER_CONCURRENCY_LEASE_STORAGE"].endswith("filesystem")


@pytest.mark.parametrize(
    "name",
    [
        "PREFECT_LOGGING_LEVEL",
        "PREFECT_WORKER_QUERY_SECONDS",
        "PREFECT_API_REQUEST_TIMEOUT",
        "MY_PREFECT",
    ],
)
def test_what_disturbs_no_server_stays_as_it_was_chosen(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, name: str
) -> None:
    monkeypatch.setenv(name, "7")
    assert own_environment(tmp_path)[name] == "7"


def test_with_a_server_that_is_named_all_that_was_chosen_for_it_stays(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    chosen = {
        **FOREIGN,
        "PREFECT_HOME": "/chosen",
        "NO_PROXY": "corp",
        "no_proxy": "corp",
        "http_proxy": "http://a:9",
    }
    monkeypatch.setattr(os, "environ", dict(chosen))
    use_named_environment(tmp_path, "http://127.0.0.1:4200/api")
    assert {name: os.environ[name] for name in FOREIGN} == FOREIGN
    assert os.environ["PREFECT_HOME"] == "/chosen"
    assert os.environ["NO_PROXY"] == os.environ["no_proxy"] == "corp,127.0.0.1"
    assert os.environ["PREFECT_API_URL"] == "http://127.0.0.1:4200/api"
    assert proxy_bypass_environment("127.0.0.1:4200")


@pytest.mark.parametrize(
    ("address", "expected"),
    [
        ("http://127.0.0.1:4200/api", "http://127.0.0.1:4200/api"),
        ("http://127.0.0.1:4200/api/", "http://127.0.0.1:4200/api"),
        ("http://127.0.0.1:4200/api//", "http://127.0.0.1:4200/api"),
        (" http://127.0.0.1:4200/api\n", "http://127.0.0.1:4200/api"),
        ("HTTP://127.0.0.1:4200/api", "http://127.0.0.1:4200/api"),
        ("http://127.0.0.1:4200", "http://127.0.0.1:4200/api"),
        ("http://127.0.0.1:4200/", "http://127.0.0.1:4200/api"),
        ("https://prefect.example.org/team/api", "https://prefect.example.org/team/api"),
        ("http://[::1]:4200/api", "http://[::1]:4200/api"),
        ("", None),
        ("  ", None),
    ],
)
def test_an_address_is_corrected(address: str, expected: str | None) -> None:
    assert named_server({"PREFECT_API_URL": address}) == expected


@pytest.mark.parametrize(
    "address",
    ["127.0.0.1:4200/api", "localhost:4200", "ftp://host/api", "http://", "http://host:port/api", "http://host:99999/api",
     "http://ho st/api", "http://[::1/api", "true"],
)  # fmt: skip
def test_what_is_no_address_is_explained_with_the_form_that_is_expected(address: str) -> None:
    with pytest.raises(MachineError) as caught:
        named_server({"PREFECT_API_URL": address})
    assert f"PREFECT_API_URL is {address!r}" in str(caught.value)
    assert "http://HOST:PORT/api" in str(caught.value)


def test_no_server_is_named_where_the_variable_is_not_set() -> None:
    assert named_server({}) is None


def test_a_password_is_not_shown() -> None:
    assert without_password("https://me:secret@host:1/api") == "https://host:1/api"
    assert without_password("me:secret@host") == "host"
    with pytest.raises(MachineError) as caught:
        named_server({"PREFECT_API_URL": "ftp://me:secret@host/api"})
    assert "secret" not in str(caught.value)


@pytest.mark.slow
@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        (".env", "PREFECT_SERVER_API_PORT=abc\n", "valid integer"),
        ("prefect.toml", "[server\n", "prefect.toml"),
    ],
)
def test_settings_that_prefect_cannot_read_are_explained(
    tmp_path: Path, name: str, content: str, expected: str
) -> None:
    (tmp_path / name).write_text(content)
    code = "from flows.serving.environment import check_settings; check_settings()"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    process = subprocess.run(
        [sys.executable, "-c", code],
        cwd=tmp_path,
        env=environment,
        capture_output=True,
        text=True,
        check=False,
    )
    error = process.stderr.partition("litesmith.errors.MachineError: ")[2]
    assert "Prefect's settings cannot be read: " in error
    assert expected in error
    assert ".env, prefect.toml and pyproject.toml of the current folder" in error


@pytest.mark.slow
def test_a_variable_that_prefect_cannot_read_is_named() -> None:
    code = "from flows.serving.environment import check_settings; check_settings()"
    environment = {
        **os.environ,
        "PYTHONPATH": str(ROOT),
        "PREFECT_LOGGING_LEVEL": "LOUD",
        "PREFECT_HOME": "/elsewhere",
    }
    process = subprocess.run(
        [sys.executable, "-c", code], env=environment, capture_output=True, text=True, check=False
    )
    assert (
        "variables PREFECT_* of the environment (here PREFECT_LOGGING_LEVEL) and in .env"
        in process.stderr
    )
