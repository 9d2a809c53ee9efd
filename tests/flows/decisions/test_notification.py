"""A decision as Prefect shows it: an artifact, an event, and a notification that a real server receives."""

import json
import threading
import time
from collections.abc import Callable, Iterator
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path

import pytest
from prefect import flow
from prefect.blocks.notifications import CustomWebhookNotificationBlock
from prefect.client.orchestration import get_client
from prefect.events.worker import EventsWorker
from prefect.logging.handlers import APILogWorker
from prefect.settings import PREFECT_API_URL, PREFECT_CLIENT_CSRF_SUPPORT_ENABLED, temporary_settings
from pydantic import SecretStr

from flows.decisions import EVENT, Conclusion, publish_decision
from flows.serving.server import server
from litesmith.files import read_yaml
from litesmith.params.sections.retrain import RetrainParams
from tests.conftest import PROJECT
from tests.docs.pages import program
from tests.litesmith.release.made import make_decision

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module", autouse=True)
def used_server(
    tmp_path_factory: pytest.TempPathFactory, with_database: Callable[[Path], Path]
) -> Iterator[None]:
    """A Prefect server of the tests, which this process uses."""
    with (
        server(with_database(tmp_path_factory.mktemp("server"))) as url,
        temporary_settings({PREFECT_API_URL: url, PREFECT_CLIENT_CSRF_SUPPORT_ENABLED: False}),
    ):
        yield
        # What is left reaches the server before it ends.
        APILogWorker.drain_all(timeout=10, at_exit=False)
        EventsWorker.drain_all(timeout=10, at_exit=False)


class _Receiver(BaseHTTPRequestHandler):
    received: list[dict[str, str]] = []  # noqa: RUF012 - one for all requests

    def do_POST(self) -> None:
        content = self.rfile.read(int(self.headers["Content-Length"]))
        self.received.append(json.loads(content))
        self.send_response(200)
        self.end_headers()

    def log_message(self, *_: object) -> None: ...


@pytest.fixture(name="address")
def fixture_address() -> Iterator[str]:
    """The address of an HTTP server on loopback, which keeps what it receives."""
    _Receiver.received.clear()
    receiver = HTTPServer(("127.0.0.1", 0), _Receiver)
    thread = threading.Thread(target=receiver.serve_forever, daemon=True)
    thread.start()
    yield f"http://127.0.0.1:{receiver.server_port}/hook"
    receiver.shutdown()
    receiver.server_close()


def params(notify: str | None) -> RetrainParams:
    content = read_yaml(PROJECT / "params.yaml")["retrain"]
    return RetrainParams.model_validate({**content, "notify": notify})


def publish(notify: str | None, *, is_new: bool = True) -> None:
    conclusion = Conclusion(make_decision(b"one", "keep"), is_new, "Nothing has to be done.")

    @flow(name="publishes")
    def publishes() -> None:
        publish_decision(conclusion, params(notify))

    publishes()


def save_webhook(name: str, address: str) -> None:
    webhook = CustomWebhookNotificationBlock(
        name="ops",
        url=address,
        json_data={"subject": "{{subject}}", "body": "{{body}}"},
        secrets={"token": SecretStr("x")},
    )
    webhook.save(name, overwrite=True)


def test_a_block_is_told_of_a_new_decision_and_of_no_other(address: str) -> None:
    save_webhook("ops", address)
    publish("custom-webhook/ops")
    assert _Receiver.received == [
        {
            "subject": "litesmith, digits/wearable: keep",
            "body": "The gates say: keep.\nNothing has to be done.",
        }
    ]
    publish("custom-webhook/ops", is_new=False)
    publish(None)
    assert len(_Receiver.received) == 1


def test_the_program_of_the_page_saves_a_block_that_is_told(address: str) -> None:
    page = program("docs/every-night.md", "python")
    exec(page.replace("https://example.org/hook", address))
    publish("custom-webhook/ops")
    assert _Receiver.received == [
        {"text": "litesmith, digits/wearable: keep: The gates say: keep.\nNothing has to be done."}
    ]


@pytest.mark.parametrize("name", ["custom-webhook/unknown", "custom-webhook/deaf", "secret/password"])
def test_a_block_that_cannot_be_told_fails_no_run(
    name: str, address: str, caplog: pytest.LogCaptureFixture
) -> None:
    from prefect.blocks.system import Secret

    save_webhook("deaf", "http://127.0.0.1:9/nobody")
    Secret(value=SecretStr("x")).save("password", overwrite=True)
    publish(name)
    assert f"retrain.notify: {name} was not told: " in caplog.text


def test_the_decision_is_an_artifact_and_an_event() -> None:
    publish(None)
    EventsWorker.instance().drain()
    with get_client(sync_client=True) as client:
        artifacts = client.request("POST", "/artifacts/filter").json()
        shown = next(item for item in artifacts if item["key"] == "decision")
        assert shown["description"] == "The gates say: keep."
        assert "| floor | yes | well above the floor |" in shown["data"]
        found = _events(client)
    assert found[0]["resource"]["prefect.resource.id"] == "litesmith.model.digits.wearable"
    assert found[0]["payload"]["outcome"] == "keep"


def _events(client: object) -> list[dict[str, dict[str, str]]]:
    """Return the decisions among the events, once the server has stored one."""
    content = {"filter": {"event": {"name": [EVENT]}}}
    for _ in range(100):
        found = client.request("POST", "/events/filter", json=content).json()["events"]  # type: ignore[attr-defined]
        if found:
            return list(found)
        time.sleep(0.1)
    raise AssertionError("no event of a decision was stored")
