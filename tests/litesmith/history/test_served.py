import os
from pathlib import Path

import pytest

from litesmith.analysis.luck import best_by_luck
from litesmith.history.index import render_index
from litesmith.history.served import Luck, read_served
from litesmith.records.service.release import LogLine
from litesmith.release.durable import append_line
from litesmith.release.pointers import Key
from litesmith.release.registry import Order, Registry
from litesmith.wording import count
from tests.litesmith.release.made import DATASET, DEVICE, make_candidate

KEY = Key(DATASET, DEVICE)


@pytest.fixture(name="registry")
def fixture_registry(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Registry:
    monkeypatch.setattr(os, "fsync", lambda _: None)
    return Registry(tmp_path / "releases")


def add_judged(registry: Registry, candidate: str, gate: str, discordant: float | None) -> None:
    """Add a line on a decision to the log."""
    line = LogLine.model_validate_json(
        '{"when": "2026-11-30T02:40:00Z", "event": "judged", "dataset": "digits", "device": "wearable",'
        '"version": null, "before": null, "by": null, "why": "", "revision": null, "outcome": "keep",'
        f'"decision_sha256": "d", "candidate_sha256": "{candidate}", "gate_sha256": "{gate}",'
        f'"gate_images": 5000, "discordant": {"null" if discordant is None else discordant}}}'
    )
    append_line(registry.folder / "log.jsonl", line.model_dump_json())


def promoted(registry: Registry, folder: Path, model: bytes) -> None:
    candidate = make_candidate(folder, model, released=registry.in_service(KEY))
    registry.promote(candidate, Order(), lambda _: None, lambda _: "")


def test_candidates_on_the_same_images_are_counted_once(registry: Registry) -> None:
    assert read_served(registry.folder, KEY).luck is None
    add_judged(registry, "a", "old", 0.5)
    add_judged(registry, "a", "new", None)
    assert read_served(registry.folder, KEY).luck == Luck(1, 5000, None)
    for candidate, share in (("b", 0.04), ("b", 0.04), ("c", 0.07)):
        add_judged(registry, candidate, "new", share)
    assert read_served(registry.folder, KEY).luck == Luck(3, 5000, best_by_luck(3, 5000, 0.05))


def test_the_page_shows_versions_and_luck(registry: Registry, tmp_path: Path) -> None:
    page = render_index([], (), read_served(registry.folder, KEY, " --data digits"))
    assert "No model is in service. <code>python -m tasks promote --data digits</code> puts one." in page
    promoted(registry, tmp_path / "a", b"one")
    promoted(registry, tmp_path / "b", b"two")
    registry.rollback(KEY, None, Order("A. Person", "<script>alert(1)</script>"), lambda _: None)
    for candidate in ("b", "c"):
        add_judged(registry, candidate, "new", 0.05)
    page = render_index([], (), read_served(registry.folder, KEY))
    assert "In service is <b>digits-wearable-0001</b>." in page
    assert (
        f"2 candidates were judged on the same {count(5000)} gate images; the best of that many" in page
    )
    assert "would gain +0.18 points by luck alone" in page
    assert page.index("rolled back") < page.index("promoted") and "<script>alert" not in page
    assert "Models in service" not in render_index([])


def test_only_the_last_events_are_shown(registry: Registry, tmp_path: Path) -> None:
    for number in range(32):
        promoted(registry, tmp_path / "a", b"%d" % number)
    with (registry.folder / "log.jsonl").open("a") as log:
        log.write("{")
    served = read_served(registry.folder, KEY)
    assert (len(served.lines), served.num_more, served.num_unreadable) == (30, 2, 1)
    assert served.lines[0].version == served.version == "digits-wearable-0032"
    page = render_index([], (), served)
    assert "2 earlier events" in page and "1 lines of the log, which cannot be read" in page
