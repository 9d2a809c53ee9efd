from typing import Any

import numpy as np
import pytest

from litesmith.judging.changes import compare
from litesmith.judging.gates.comparison import merit
from litesmith.judging.gates.gate import Finding
from litesmith.judging.gates.registry import GATES
from litesmith.records.service.judge import LatencyFacts, RegressionAnswer
from tests.litesmith.judging.cases import LIMITS, NAMES, answers, case, limit, thresholds


def finding(name: str, seen: Any, overlay: dict[str, Any] | None = None) -> Finding:
    (gate,) = [gate for gate in GATES if gate.name == name]
    return gate.judge(seen, thresholds(overlay))


def test_the_gates_are_these_and_those_that_compare_need_a_file_in_service() -> None:
    assert [gate.name for gate in GATES] == [
        "data", "floor", "comparison", "classes", "flips", "regression", "quantization", "device", "latency",
    ]  # fmt: skip
    assert [gate.name for gate in GATES if gate.compares] == ["comparison", "classes", "flips"]
    for gate in GATES:
        alone = gate.judge(case(first=True), thresholds())
        assert alone.passed is (None if gate.compares else True), gate.name


def test_every_gate_speaks_in_a_sentence() -> None:
    for seen in (case(60, 10), case(first=True)):
        texts = [gate.judge(seen, thresholds()).text for gate in GATES]
        assert all(text.endswith(".") and not text.endswith("..") for text in texts)


def test_data_that_are_synthetic_or_not_validated_are_held() -> None:
    synthetic = finding("data", case(synthetic=True))
    assert synthetic == Finding(
        False, "The images are synthetic, and judge.refuse_synthetic keeps their models out of service."
    )
    assert finding("data", case(synthetic=True), {"refuse_synthetic": False}).passed
    assert finding("data", case(validated=False), {"refuse_synthetic": False}).passed is False


def test_the_floor_asks_for_the_lower_end() -> None:
    assert finding("floor", case()).passed
    assert finding("floor", case(), {"floor": {"min_accuracy": 0.951}}).passed is False
    assert finding("floor", case(), {"floor": {"min_accuracy": 0.949}}).passed is None
    assert finding("floor", case(), {"floor": {"min_class_recall": 0.96}}).passed is False
    text = finding("floor", case()).text
    assert (
        "Accuracy 95.00 % (94.28 % to 95.63 %), and 50.00 % is asked for; worst class a 95.00 %" in text
    )


def test_a_model_that_always_gives_one_answer_does_not_reach_the_floor() -> None:
    labels, _, _ = answers({}, {})
    floor = {"floor": {"min_accuracy": 0.0, "min_class_recall": 0.0}}
    assert finding("floor", case(candidate=np.zeros_like(labels)), floor).passed is False


@pytest.mark.parametrize(
    ("gained", "lost", "bytes_", "overlay", "why", "passed"),
    [
        (40, 10, 1000, {}, "better", True),
        (30, 30, 1000, {}, None, None),
        (30, 30, 949, {}, "smaller", True),
        (30, 30, 951, {}, None, None),
        (30, 30, 1000, {"accept_no_worse": True}, "asked for", True),
        (100, 100, 949, {}, None, None),  # a loss of half a point is not excluded
        (10, 40, 1000, {}, None, False),
        (10, 25, 949, {}, None, False),
        (10, 22, 949, {"max_loss": 0.01}, "smaller", True),
    ],
)
def test_the_comparison_asks_for_a_gain_or_no_loss_that_matters(
    gained: int, lost: int, bytes_: int, overlay: dict[str, Any], why: str | None, passed: bool | None
) -> None:
    seen = case(gained, lost, candidate_bytes=bytes_)
    assert merit(seen, thresholds({"comparison": overlay})) == why
    found = finding("comparison", seen, {"comparison": overlay})
    assert found.passed is passed
    assert f"({'+' if gained >= lost else '-'}" not in found.text.split(":")[0]
    assert "seed" not in found.text  # said once, by the page


def test_the_comparison_tells_how_small_a_gain_the_images_show() -> None:
    text = finding("comparison", case(30, 30)).text
    assert text.startswith("These images show a gain from 0.45 points on, and no smaller one.")


def test_classes_are_corrected_for_asking_of_each() -> None:
    def of_one_class(lost: int) -> Any:
        labels, now, before = answers({1: 4}, {1: lost})
        return case(changes=compare(labels, now, before, NAMES, 0.025))

    # Alone 13 lost and 4 gained would be p = 0.025.
    assert finding("classes", of_one_class(13)).passed
    found = finding("classes", of_one_class(18))
    assert found.passed is False
    assert found.text.startswith(
        "Recognized less often than before: b (4 gained, 18 lost of 1000, p = 0.0"
    )


def test_negative_flips_have_a_budget_over_all_and_in_each_class() -> None:
    assert finding("flips", case(60, 44)).passed  # 1.1 % as of two committed files
    assert finding("flips", case(60, 110)).passed is None
    assert finding("flips", case(60, 130)).passed is False
    labels, now, before = answers({}, {2: 110})
    one_class = case(changes=compare(labels, now, before, NAMES, 0.025))
    found = finding("flips", one_class, {"flips": {"max_share": 0.5, "max_class_share": 0.1}})
    assert found.passed is False
    assert "11.00 % (at most 13." in found.text
    assert "of c, 10.00 % allowed of a class" in found.text


def answer(file: str, candidate: int, released: int | None) -> RegressionAnswer:
    return RegressionAnswer(file=file, label=0, candidate=candidate, released=released)


def test_pictures_that_are_right_in_service_must_stay_right() -> None:
    stays, lost, never = answer("s.png", 0, 0), answer("l.png", 1, 0), answer("n.png", 1, 2)
    assert finding("regression", case(regression=(stays, never))).passed
    found = finding("regression", case(regression=(stays, lost, never)))
    assert found == Finding(
        False,
        "1 of 3 pictures are right, 1 are wrong in service too; wrong, and not so in service: l.png (a taken "
        "for b). At most 0 may be lost.",
    )
    assert finding("regression", case(regression=(lost,)), {"regression": {"max_wrong": 1}}).passed


def test_without_a_file_in_service_all_pictures_must_be_right() -> None:
    assert finding("regression", case(regression=(answer("n.png", 1, None),))).passed is False
    assert finding("regression", case(regression=(answer("n.png", 0, None),))).passed


def test_quantization_must_exclude_a_loss_that_matters() -> None:
    _, now, before = answers({0: 4}, {0: 20})
    assert finding("quantization", case(candidate=now, keras=before)).passed
    strict = {"quantization": {"max_loss": 0.005}}
    assert finding("quantization", case(candidate=now, keras=before), strict).passed is False
    even = answers({0: 40}, {0: 40})
    assert (
        finding(
            "quantization", case(candidate=even[1], keras=even[2]), {"quantization": {"max_loss": 0.004}}
        ).passed
        is None
    )


def test_limits_must_be_kept_and_those_that_are_required_measured() -> None:
    over = (*LIMITS[:3], limit("max_arena_bytes", 1000, 1001))
    assert finding("device", case(limits=over)).text.startswith(
        "arena_bytes 1\u2009001 of 1\u2009000 bytes: too much;"
    )
    assert finding("device", case(limits=over)).passed is False
    unknown = (*LIMITS[:3], limit("max_arena_bytes", 1000, None))
    assert finding("device", case(limits=unknown)).passed is False
    assert finding("device", case(limits=unknown), {"device": {"required": ["max_macs"]}}).passed
    assert finding("device", case(limits=())).passed is False


def test_latency_is_judged_by_facts_and_asked_for_unless_null() -> None:
    assert finding("latency", case(latency=None)).passed is None
    assert finding("latency", case(latency=None), {"latency": {"timed": False}}).passed
    assert finding("latency", case(latency=LatencyFacts(fits=False, slower=None))).passed is False
    assert finding("latency", case(latency=LatencyFacts(fits=True, slower=True))).passed is False
