import json

import numpy as np
import pytest

from litesmith.errors import DataError
from litesmith.judging.decide import decide, replay
from litesmith.judging.limits import limits_of, moved_limits
from litesmith.judging.packing import pack_answers, unpack_answers
from litesmith.records.service.judge import Decision
from tests.litesmith.judging.cases import LIMITS, NUM_IMAGES, limit, subject, thresholds


def test_a_better_file_is_promoted() -> None:
    decision = decide(subject(60, 10), thresholds())
    assert (decision.outcome, decision.merit) == ("promote", "better")
    assert decision.headline.startswith("Promote new-int8: it is better than v-1: +1.25 points (")
    assert all(reason.passed for reason in decision.reasons)
    assert decision.share_discordant == 70 / NUM_IMAGES
    assert decide(subject(first=True), thresholds()).share_discordant is None


def test_a_file_that_images_cannot_tell_apart_is_left_open_with_what_they_could_tell() -> None:
    decision = decide(subject(20, 20), thresholds())
    assert (decision.outcome, decision.merit) == ("undecided", None)
    assert decision.headline == (
        "Undecided on new-int8: comparison cannot tell, as these images show a gain from 0.35 points on."
    )


def test_one_gate_that_holds_keeps_what_is_in_service() -> None:
    decision = decide(subject(60, 10, limits=(limit("max_macs", 1000, 1001), *LIMITS)), thresholds())
    assert (decision.outcome, decision.headline) == ("keep", "Keep v-1: new-int8 is held by device.")
    worse = decide(subject(10, 60, validated=False), thresholds())
    assert worse.headline == "Keep v-1: new-int8 is held by data, comparison and classes."


def test_the_file_in_service_is_not_judged_against_itself() -> None:
    decision = decide(subject(released_sha256="a" * 64), thresholds())
    assert decision.outcome == "in service"
    assert decision.headline == "new-int8 is in service already, as v-1. Promote old-int8."


def test_a_first_release_passes_the_gates_that_need_no_other_file() -> None:
    decision = decide(subject(first=True), thresholds())
    assert (decision.outcome, decision.merit) == ("promote", "first")
    assert [reason.name for reason in decision.reasons] == [
        "data", "floor", "regression", "quantization", "device", "latency",
    ]  # fmt: skip
    held = decide(subject(first=True, synthetic=True), thresholds())
    assert held.headline == "Release nothing: new-int8 is held by data."


def test_another_form_is_for_a_person() -> None:
    decision = decide(subject(10, 60, other_form="another classes"), thresholds())
    assert decision.outcome == "not comparable"
    assert decision.changes is None
    assert decision.headline.startswith("new-int8 cannot be compared with v-1 (another classes):")
    assert decide(subject(other_form="another input", synthetic=True), thresholds()).outcome == "keep"


def test_raised_limits_are_told_in_the_headline() -> None:
    old = (limit("max_tflite_bytes", 800, 700), *LIMITS[1:])
    decision = decide(subject(60, 10, old_limits=old), thresholds())
    assert decision.headline.endswith(
        "The limits were raised (tflite_bytes from 800 to 1\u2009000 bytes); under the old ones this file "
        "would not fit."
    )
    lowered = (limit("max_tflite_bytes", 1200, 700), *LIMITS[1:])
    moved = moved_limits(LIMITS, limits_of(lowered))
    assert moved is not None and moved.words == (
        "Changed: tflite_bytes from 1\u2009200 to 1\u2009000 bytes. This file fits the old ones too."
    )
    assert moved_limits(LIMITS, limits_of(LIMITS)) is moved_limits(LIMITS, {}) is None


def test_a_decision_is_replayed_from_its_file_alone() -> None:
    for made in (
        subject(60, 10),
        subject(20, 20),
        subject(first=True),
        subject(other_form="another input"),
    ):
        decision = decide(made, thresholds())
        text = decision.model_dump_json(indent=2)
        assert len(text) < 20_000
        again = Decision.model_validate_json(text)
        assert again == decision
        assert replay(again) == decision


def test_a_decision_that_was_edited_is_replayed_otherwise() -> None:
    content = json.loads(decide(subject(20, 20), thresholds()).model_dump_json())
    edited = Decision.model_validate_json(json.dumps({**content, "outcome": "promote"}))
    assert replay(edited).outcome == "undecided"
    content["gate"]["num_images"] -= 1
    with pytest.raises(
        DataError, match=f"is about {NUM_IMAGES - 1} gate images, and has answers to {NUM_IMAGES}"
    ):
        replay(Decision.model_validate_json(json.dumps(content)))


def test_answers_take_little_room_and_come_back() -> None:
    rng = np.random.default_rng(3)
    labels = rng.integers(0, 10, 5000).astype(np.uint8)
    given = np.where(rng.random(5000) < 0.06, rng.integers(0, 10, 5000), labels).astype(np.uint8)
    packed = pack_answers(labels, given, None, labels)
    assert len(packed.candidate) < 1500 and len(packed.keras) < 60
    back = unpack_answers(packed)
    assert back[2] is None
    for array, expected in zip((back[0], back[1], back[3]), (labels, given, labels), strict=True):
        assert np.array_equal(array, expected)


@pytest.mark.parametrize("text", ["", "AAAA", "eJwDAAAAAAE="])
def test_damaged_answers_are_told(text: str) -> None:
    labels = np.zeros(9, np.uint8)
    packed = pack_answers(labels, labels, None, labels).model_copy(update={"keras": text})
    with pytest.raises(DataError, match="Judge again"):
        unpack_answers(packed)
