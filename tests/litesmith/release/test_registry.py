import json
import os
import re
from pathlib import Path
from typing import Any

import pytest

from litesmith.errors import DataError, LitesmithError, ParamsError, ReleaseError
from litesmith.files import read_json, write_text
from litesmith.records.record import write_record
from litesmith.records.service.judge import DecisionOutcome
from litesmith.release.check import check_files
from litesmith.release.pointers import Key
from litesmith.release.registry import Candidate, Change, Order, Registry, read_candidate
from tests.litesmith.release.made import (
    DATASET,
    DEVICE,
    digest_of,
    make_candidate,
    make_decision,
    write_package,
)

KEY = Key(DATASET, DEVICE)
PERSON = Order("A. Person", "it was looked at")


@pytest.fixture(autouse=True)
def fixture_without_waiting(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(os, "fsync", lambda _: None)


@pytest.fixture(name="registry")
def fixture_registry(tmp_path: Path) -> Registry:
    return Registry(tmp_path / "releases")


def check(package: Path) -> None:
    check_files(package)


def promote(
    registry: Registry, model: bytes, outcome: DecisionOutcome = "promote", order: Order | None = None
) -> Change:
    folder = registry.folder.parent / "made"
    candidate = make_candidate(folder, model, outcome, registry.in_service(KEY))
    return registry.promote(candidate, order or Order(), check, lambda _: "kept")


def events(registry: Registry) -> list[tuple[str, str | None, str | None]]:
    return [(line.event, line.version, line.before) for line in registry.log().lines]


def state(folder: Path) -> dict[str, bytes]:
    """Return all files below a folder."""
    return {
        path.relative_to(folder).as_posix(): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_versions_count_up_and_the_pointer_names_the_last(registry: Registry) -> None:
    assert promote(registry, b"one") == Change(KEY, "digits-wearable-0001", None, "kept")
    assert promote(registry, b"two") == Change(
        KEY, "digits-wearable-0002", "digits-wearable-0001", "kept"
    )
    pointer = registry.in_service(KEY)
    assert pointer is not None and pointer.model_sha256 == digest_of(b"two")
    assert read_json(registry.folder / "in-service.json")["in_service"] == {
        "digits/wearable": pointer.model_dump()
    }
    manifest = registry.packages / pointer.version / "manifest.json"
    assert (registry.folder / f"manifests/{pointer.version}.json").read_bytes() == manifest.read_bytes()
    assert events(registry) == [
        ("promoted", "digits-wearable-0001", None),
        ("promoted", "digits-wearable-0002", "digits-wearable-0001"),
    ]
    line = registry.log().lines[0]
    assert line.when.utcoffset() is not None and line.by is None
    assert (line.outcome, line.gate_images) == ("promote", 500)
    assert list((registry.folder / "staging").iterdir()) == []


def test_data_sets_have_pointers_of_their_own(registry: Registry, tmp_path: Path) -> None:
    promote(registry, b"one")
    decision = make_decision(b"other", dataset="bugs")
    write_package(tmp_path / "b/package", decision, b"other")
    write_record(tmp_path / "b/decision.json", decision)
    other = read_candidate(tmp_path / "b/package", tmp_path / "b/decision.json")
    assert registry.promote(other, Order(), check, lambda _: "").version == "bugs-wearable-0001"
    assert sorted(registry.pointers().in_service) == ["bugs/wearable", "digits/wearable"]
    promote(registry, b"two")
    with pytest.raises(ParamsError, match=r"'bugs-wearable-0001' is no version of digits/wearable"):
        registry.rollback(KEY, "bugs-wearable-0001", PERSON, check)


@pytest.mark.parametrize("outcome", ["keep", "undecided", "not comparable", "in service"])
def test_only_a_person_promotes_what_was_not_decided(
    registry: Registry, outcome: DecisionOutcome
) -> None:
    with pytest.raises(ReleaseError, match=rf"the decision is: {outcome}\. .* --by NAME --why"):
        promote(registry, b"one", outcome)
    assert registry.in_service(KEY) is None and events(registry) == []
    promote(registry, b"one", outcome, PERSON)
    (line,) = registry.log().lines
    assert (line.event, line.by, line.why, line.outcome) == (
        "promoted", "A. Person", "it was looked at", outcome
    )  # fmt: skip


def test_the_model_in_service_is_not_promoted_again(registry: Registry) -> None:
    promote(registry, b"one")
    with pytest.raises(ParamsError, match=r"in service already, as digits-wearable-0001"):
        promote(registry, b"one", order=PERSON)


def test_a_decision_about_another_model_in_service_is_stale(registry: Registry, tmp_path: Path) -> None:
    first = make_candidate(tmp_path / "a", b"one")
    second = make_candidate(tmp_path / "b", b"two")
    registry.promote(first, Order(), check, lambda _: "")
    for order in (Order(), PERSON):
        with pytest.raises(
            ReleaseError, match=r"about nothing in service, and digits-wearable-0001 is in service now"
        ):
            registry.promote(second, order, check, lambda _: "")
    promote(registry, b"three")
    registry.rollback(KEY, None, PERSON, check)
    assert len(events(registry)) == 3


def other_model(candidate: Candidate) -> None:
    write_package(candidate.package, candidate.decision, b"another")


def other_decision(candidate: Candidate) -> None:
    decision = candidate.decision.model_copy(update={"headline": "Of another night."})
    write_package(candidate.package, decision, b"one")


def no_decision(candidate: Candidate) -> None:
    write_package(candidate.package, candidate.decision, b"one")
    manifest = read_json(candidate.package / "manifest.json")
    del manifest["files"]["decision.json"]
    (candidate.package / "decision.json").unlink()
    write_text(candidate.package / "manifest.json", json.dumps(manifest))


def other_device(candidate: Candidate) -> None:
    path = candidate.package / "manifest.json"
    write_text(path, path.read_text().replace('"wearable"', '"doorbell"'))


def no_package(candidate: Candidate) -> None:
    candidate.package.rename(candidate.package.with_name("elsewhere"))


def one_byte(candidate: Candidate) -> None:
    (candidate.package / "model.tflite").write_bytes(b"onf")


def no_file(candidate: Candidate) -> None:
    (candidate.package / "model.tflite").unlink()


def no_manifest(candidate: Candidate) -> None:
    (candidate.package / "manifest.json").unlink()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (other_model, "holds the model .* and the decision is about"),
        (other_decision, "is not the last decision"),
        (no_decision, "is not the last decision"),
        (other_device, "is for digits/doorbell, and the decision is about digits/wearable"),
        (no_package, "package is missing"),
        (one_byte, r"model\.tflite has the SHA-256"),
        (no_file, r"model\.tflite is missing"),
        (no_manifest, r"holds no manifest\.json"),
    ],
)
def test_a_package_that_is_not_the_candidates_is_refused(
    registry: Registry, tmp_path: Path, damage: Any, message: str
) -> None:
    candidate = make_candidate(tmp_path / "a", b"one")
    damage(candidate)
    with pytest.raises(LitesmithError, match=f"(?s){message}"):
        registry.promote(candidate, PERSON, check, lambda _: "")
    assert registry.pointers().in_service == {} and registry.versions(KEY) == []


def test_a_check_that_fails_changes_nothing(registry: Registry, tmp_path: Path) -> None:
    promote(registry, b"one")
    before = state(registry.folder)
    candidate = make_candidate(tmp_path / "b", b"two", released=registry.in_service(KEY))

    def failing(package: Path) -> None:
        raise DataError(f"{package} answers otherwise")

    with pytest.raises(DataError, match="answers otherwise"):
        registry.promote(candidate, Order(), failing, lambda _: "")
    assert state(registry.folder) == before


def test_a_copy_that_is_damaged_is_not_put_in_service(registry: Registry) -> None:
    promote(registry, b"one")
    before = state(registry.folder)

    def damaging(staged: Path) -> str:
        (staged / "model.tflite").write_bytes(b"")
        return ""

    folder = registry.folder.parent / "made"
    candidate = make_candidate(folder, b"two", released=registry.in_service(KEY))
    with pytest.raises(DataError, match=r"model\.tflite has the SHA-256"):
        registry.promote(candidate, Order(), check, damaging)
    assert state(registry.folder) == before


def test_a_promotion_that_is_stopped_after_its_line_leaves_one_that_says_so(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(registry, b"one")
    with monkeypatch.context() as patch, pytest.raises(KeyboardInterrupt):
        patch.setattr(Registry, "_point", _stop)
        promote(registry, b"two")
    assert events(registry)[1:] == [
        ("promoted", "digits-wearable-0002", "digits-wearable-0001"),
        ("not completed", "digits-wearable-0001", "digits-wearable-0002"),
    ]
    assert registry.versions(KEY) == ["digits-wearable-0001"]
    # A number that the log names is not given again.
    assert promote(registry, b"two").version == "digits-wearable-0003"
    assert registry.repair() == []


def _stop(*_: object) -> None:
    raise KeyboardInterrupt


def test_rollback_goes_back_step_by_step(registry: Registry) -> None:
    for model in (b"one", b"two", b"three"):
        promote(registry, model)
    back = registry.rollback(KEY, None, PERSON, check)
    assert (back.version, back.before) == ("digits-wearable-0002", "digits-wearable-0003")
    assert registry.rollback(KEY, None, PERSON, check).version == "digits-wearable-0001"
    with pytest.raises(
        ReleaseError, match=r"no version .* before digits-wearable-0001\. Name one: here"
    ):
        registry.rollback(KEY, None, PERSON, check)
    forth = registry.rollback(KEY, "digits-wearable-0003", PERSON, check)
    assert (forth.version, forth.before) == ("digits-wearable-0003", "digits-wearable-0001")
    assert registry.log().lines[-1].by == "A. Person"


def test_what_cannot_be_rolled_back_to_is_named(registry: Registry) -> None:
    with pytest.raises(ReleaseError, match=r"no model is in service for digits/wearable"):
        registry.rollback(KEY, None, PERSON, check)
    promote(registry, b"one")
    with pytest.raises(ParamsError, match=r"digits-wearable-0001 is in service already"):
        registry.rollback(KEY, "digits-wearable-0001", PERSON, check)
    with pytest.raises(ParamsError, match=r"Did you mean digits-wearable-0001\? Known here: digits-w"):
        registry.rollback(KEY, "digits-wearable-001", PERSON, check)


def write_byte(package: Path) -> None:
    (package / "model.tflite").write_bytes(b"onE")


def remove_file(package: Path) -> None:
    (package / "decision.json").unlink()


def write_another(package: Path) -> None:
    """Write another package, which agrees with itself."""
    write_package(package, make_decision(b"other"), b"other")


def remove_package(package: Path) -> None:
    package.rename(package.parents[2] / "elsewhere")
    # As in a fresh clone.
    package.with_name(f"{package.name}.dvc").touch()


@pytest.mark.parametrize(
    ("damage", "message"),
    [
        (write_byte, r"model\.tflite has the SHA-256"),
        (remove_file, r"decision\.json is missing"),
        (write_another, r"is not the manifest that was released, which .*manifests/.* holds"),
        (remove_package, r"is not here\. Get it with `dvc pull .*-0001\.dvc`"),
    ],
)
def test_rollback_to_a_damaged_version_fails_and_changes_nothing(
    registry: Registry, damage: Any, message: str
) -> None:
    promote(registry, b"one")
    promote(registry, b"two")
    damage(registry.packages / "digits-wearable-0001")
    before = state(registry.folder)
    with pytest.raises(DataError, match=message):
        registry.rollback(KEY, None, PERSON, check)
    assert state(registry.folder) == before


def test_a_model_that_was_rolled_back_takes_a_person(registry: Registry) -> None:
    promote(registry, b"one")
    promote(registry, b"two")
    registry.rollback(KEY, None, PERSON, check)
    with pytest.raises(
        ReleaseError, match=r"in service as digits-wearable-0002 and was rolled back on .* by A\. Person"
    ):
        promote(registry, b"two")
    assert promote(registry, b"two", order=PERSON).version == "digits-wearable-0003"
    promote(registry, b"three")
    assert promote(registry, b"two").version == "digits-wearable-0005"


def test_a_decision_is_one_line_however_often_it_is_told(registry: Registry, tmp_path: Path) -> None:
    candidate = make_candidate(tmp_path / "a", b"one", "keep")
    assert registry.judged(candidate) is not None
    assert registry.judged(candidate) is None
    released = registry.in_service(KEY)
    assert registry.judged(make_candidate(tmp_path / "b", b"two", "undecided", released))
    log = registry.log()
    assert [(line.event, line.outcome) for line in log.lines] == [
        ("judged", "keep"),
        ("judged", "undecided"),
    ]
    assert log.judged_on("a" * 64) == {digest_of(b"one"), digest_of(b"two")}
    assert log.judged_on("b" * 64) == set()


def test_the_last_refused_packages_stay_with_their_reasons(registry: Registry, tmp_path: Path) -> None:
    for number in range(4):
        candidate = make_candidate(tmp_path / f"{number}", b"%d" % number, "keep")
        registry.refuse(candidate, Order(), f"reason {number}", most=2)
    # The same once more adds a line and no package.
    registry.refuse(candidate, Order(), "reason 3", most=2)
    folders = sorted(registry.refused.iterdir())
    assert len(folders) == 2
    assert all(re.fullmatch(r"digits-wearable-\d{8}T\d{6}Z-[0-9a-f]{8}", path.name) for path in folders)
    reasons = {read_json(path / "refusal.json")["why"] for path in folders}
    assert "reason 3" in reasons
    assert len(registry.log().lines) == 5
    assert all((path / "model.tflite").is_file() for path in folders)


def test_a_pointer_file_that_was_restored_is_told_in_the_log(registry: Registry) -> None:
    promote(registry, b"one")
    content = (registry.folder / "in-service.json").read_bytes()
    promote(registry, b"two")
    (registry.folder / "in-service.json").write_bytes(content)
    (told,) = registry.repair()
    assert told.startswith(
        "digits-wearable-0001 is in service, not digits-wearable-0002 as the log says"
    )
    assert registry.repair() == []
    # It was promoted, so its package stays.
    assert registry.versions(KEY) == ["digits-wearable-0001", "digits-wearable-0002"]


def test_a_pointer_file_that_cannot_be_read_is_refused_with_the_way_back(registry: Registry) -> None:
    write_text(registry.folder / "in-service.json", "<<<<<<< HEAD")
    with pytest.raises(DataError, match=r"is not JSON.*`git checkout -- .*in-service\.json`"):
        registry.repair()


def test_a_disk_that_is_full_leaves_the_former_model(
    registry: Registry, monkeypatch: pytest.MonkeyPatch
) -> None:
    promote(registry, b"one")
    before = state(registry.folder)

    def full(*_: object) -> int:
        raise OSError(28, "No space left on device")

    with monkeypatch.context() as patch, pytest.raises(LitesmithError, match="the disk is full"):
        patch.setattr(os, "write", full)
        promote(registry, b"two")
    registry.repair()
    assert state(registry.folder) == before
