"""Tests of litesmith.report.verdict and litesmith.report.difference."""

import dataclasses
from typing import Any

import numpy as np
import pytest

from litesmith.analysis.scores import compare
from litesmith.documents.formats import count
from litesmith.report.difference import Difference, compared, paired, unpaired
from litesmith.report.inputs import Records, ReportInputs
from litesmith.report.records import Absent
from litesmith.report.reference import Since
from litesmith.report.verdict import Verdict, budget, judge
from tests.litesmith.report.report_inputs import ARENA_LIMIT, FINAL, render, report_inputs, with_value

NONE_YET = Absent("there is no reference run yet")


def changed(*path: Any, to: Any) -> ReportInputs:
    """Return inputs in which the results at ``path`` are ``to``."""
    inputs = report_inputs()
    return dataclasses.replace(inputs, results=with_value(inputs.results, *path, value=to))


def difference(low: float, high: float) -> Difference:
    return Difference((low + high) / 2, low, high)


def since(
    low: float, high: float, paired: bool = True, raw: float = 1.0, gzip: float | Absent = 1.0
) -> Since:
    return Since("tuned-int8", difference(low, high), paired, raw, gzip, (), (), (), (), ())


def verdict_of(
    inputs: ReportInputs, low: float = 0.01, high: float = 0.02, before: Since | Absent = NONE_YET
) -> Verdict:
    records = Records(inputs)
    return judge(records, difference(low, high), budget(records, inputs.limits), before)


def test_a_file_whose_network_runs_twice_is_held_to_twice_the_work() -> None:
    made = {**report_inputs().results["quantize"]["variants"]["qat"], "passes": 2}
    told = (report_inputs(), changed("quantize", "variants", FINAL.partition("-")[0], to=made))
    once, twice = ({one.limit_name: one.value for one in budget(Records(it), it.limits)} for it in told)
    for name in ("max_macs", "max_activation_bytes"):
        assert twice[name] == 2 * once[name]
    assert twice["max_tflite_bytes"] == once["max_tflite_bytes"]


@pytest.mark.parametrize(
    ("low", "high", "sentence", "outcome"),
    [
        (0.01, 0.02, "Ship tuned-int8: 1.50 points more accurate than the baseline and within every limit of the "
         "device.", "good"),
        (-0.01, 0.02, "Ship tuned-int8: as accurate as the baseline within noise and within every limit of the device.",
         "good"),
        (-0.02, -0.01, "Do not ship tuned-int8: it is 1.50 points less accurate than the baseline.", "bad"),
    ],
)  # fmt: skip
def test_verdict_follows_the_interval_of_the_difference(
    low: float, high: float, sentence: str, outcome: str
) -> None:
    verdict = verdict_of(report_inputs(), low, high)
    assert (verdict.sentence, verdict.outcome) == (sentence, outcome)


@pytest.mark.parametrize(
    ("low", "high", "sentence", "outcome"),
    [
        (0.01, 0.03, "Ship tuned-int8: 1.50 points more accurate than the baseline, 2.00 points more accurate than the "
         "reference run and within every limit of the device.", "good"),
        (-0.01, 0.01, "tuned-int8 does as well as the reference run: 1.50 points more accurate than the baseline and "
         "within every limit of the device.", "good"),
        (-0.03, -0.01, "Keep the reference run: tuned-int8 is 2.00 points less accurate than it.", "bad"),
    ],
)  # fmt: skip
def test_verdict_follows_the_reference_run(low: float, high: float, sentence: str, outcome: str) -> None:
    verdict = verdict_of(report_inputs(), before=since(low, high))
    assert (verdict.sentence, verdict.outcome) == (sentence, outcome)
    assert verdict.reasons[1].topic == "Reference"


@pytest.mark.parametrize(
    ("raw", "gzip", "words", "advice"),
    [
        (0.8, 1.2, " with a file 20\u00a0% smaller:", "It may be shipped for its size."),
        (1.001, 0.75, " with a file 25\u00a0% smaller after gzip:", "It may be shipped for its size."),
        (1.3, 0.75, " with a file 30\u00a0% larger:", "Nothing has to be done."),
        (1.0, Absent("not recorded"), ":", "Nothing has to be done."),
    ],
)
def test_where_accuracy_is_even_the_size_is_told(
    raw: float, gzip: float | Absent, words: str, advice: str
) -> None:
    verdict = verdict_of(report_inputs(), before=since(-0.01, 0.01, raw=raw, gzip=gzip))
    assert verdict.sentence.startswith(f"tuned-int8 does as well as the reference run{words}")
    assert verdict.advice.startswith(advice)


def test_reference_on_other_test_images_refuses_nothing_but_asks_to_look() -> None:
    better = verdict_of(report_inputs(), before=since(0.01, 0.03, paired=False))
    assert better.outcome == "good" and better.sentence.startswith("Ship tuned-int8: 1.50 points")
    assert better.reasons[1].text.endswith("not on the same test images, so it tells less.")
    worse = verdict_of(report_inputs(), before=since(-0.03, -0.01, paired=False))
    assert (worse.outcome, worse.reasons[1].good) == ("unclear", None)
    assert worse.sentence == (
        "Look before you ship tuned-int8: 1.50 points more accurate than the baseline and it is 2.00 points less "
        "accurate than the reference run, on other test images."
    )


def test_drawn_images_say_nothing_about_a_model() -> None:
    verdict = verdict_of(report_inputs(drawn=True))
    assert verdict.outcome == "unclear"
    assert (
        verdict.sentence
        == "Drawn images: this run says that the pipeline works, and nothing about a model."
    )


@pytest.mark.parametrize(
    ("profile", "command"),
    [
        (None, ""),
        ("nightly", " --profile nightly"),
        ("a_1+b", " --profile a_1+b"),
        ("my night", " --profile 'my night'"),
    ],
)
def test_advice_names_the_command_that_makes_this_very_run_the_reference(
    profile: str | None, command: str
) -> None:
    verdict = verdict_of(dataclasses.replace(report_inputs(), profile=profile))
    assert f"`python -m tasks reference{command}`" in verdict.advice


def test_limit_of_a_fraction_is_told_with_its_digits_and_unit() -> None:
    inputs = dataclasses.replace(report_inputs(), limits={"max_latency_ms": 0.05})
    assert verdict_of(inputs).reasons[1].text == (
        "over the device's limit: median latency of one image on this host 0.083 of 0.050 ms. "
        "Latency is this host's, not the device's."
    )


@pytest.mark.usefixtures("undrawn")
def test_latency_is_told_as_the_hosts_and_nothing_else_is() -> None:
    inputs = dataclasses.replace(
        report_inputs(), limits={"max_tflite_bytes": 100_000, "max_latency_ms": 1.0}
    )
    size, latency = budget(Records(inputs), inputs.limits)
    assert (size.note, latency.name) == ("", "median latency of one image on this host")
    assert (
        latency.note.startswith("timed on Some Processor 3.0 GHz, 2 cores")
        and "not on the device" in latency.note
    )
    assert latency.note in render(inputs)
    assert verdict_of(inputs).reasons[1].text.endswith(" Latency is this host's, not the device's.")
    assert "Latency" not in verdict_of(report_inputs()).reasons[1].text


def test_broken_budget_outweighs_a_better_reference() -> None:
    inputs = dataclasses.replace(report_inputs(), limits={"max_tflite_bytes": 90_000})
    verdict = verdict_of(inputs, before=since(-0.03, -0.01))
    assert verdict.sentence == "Do not ship tuned-int8: it breaks the device's budget."
    assert (
        verdict.reasons[2].text
        == f"over the device's limit: int8 file {count(96_248)} of {count(90_000)} bytes."
    )


def test_verdict_refuses_what_failed_its_checks() -> None:
    verdict = verdict_of(changed("convert", "files", FINAL, "checks", 0, "passed", to=False))
    assert verdict.sentence == "Do not ship tuned-int8: it failed its checks."
    assert verdict.reasons[2].text == f"1 of its 3 checks failed: {FINAL}: input."


@pytest.mark.parametrize(
    ("passed", "note"),
    [
        (False, "Of other files 1 of 27 checks failed: pruned-int8: golden."),
        (None, "Of other files 1 of 27 checks are not recorded."),
    ],
)
def test_check_of_a_file_that_is_not_shipped_is_a_note(passed: bool | None, note: str) -> None:
    verdict = verdict_of(changed("convert", "files", "pruned-int8", "checks", 2, "passed", to=passed))
    assert verdict.outcome == "good" and verdict.sentence.startswith("Ship tuned-int8: ")
    assert verdict.reasons[2].good is True
    assert verdict.reasons[2].text == f"all 3 checks of {FINAL} passed, run without TensorFlow. {note}"


@pytest.mark.parametrize("path", [("checks", 0, "passed"), ("checks",)], ids=["one", "all"])
def test_a_check_of_the_final_file_that_is_not_recorded_speaks_neither_way(
    path: tuple[Any, ...],
) -> None:
    verdict = verdict_of(changed("convert", "files", FINAL, *path, to=None if len(path) > 1 else []))
    assert verdict.outcome == "unclear"
    assert verdict.reasons[2].text == f"not every check of {FINAL} is recorded."


def test_verdict_refuses_data_that_failed_validation() -> None:
    verdict = verdict_of(changed("validate", "passed", to=False))
    assert verdict.sentence == "Do not ship tuned-int8: the data failed validation."


def test_verdict_mentions_warnings_of_validation() -> None:
    inputs = changed("validate", "rules", 2, "success", to=False)
    assert verdict_of(inputs).reasons[3].text.endswith("1 of them with a warning: near_empty_images.")


def test_limit_that_nobody_measures_is_unknown() -> None:
    inputs = dataclasses.replace(report_inputs(), limits={"max_joules": 1.0})
    (line,) = budget(Records(inputs), inputs.limits)
    assert line.met is None and line.name == "joules"
    verdict = verdict_of(inputs)
    assert verdict.outcome == "unclear"
    assert verdict.sentence.endswith(
        "more accurate than the baseline and whether it fits the device is not known."
    )


def test_limit_that_was_not_measured_is_named_and_does_not_hide_the_others() -> None:
    limits = {"max_tflite_bytes": 100_000, "max_arena_bytes": 65_536}
    inputs = dataclasses.replace(
        changed("evaluate", "device", to={"mcu": {"limit": ARENA_LIMIT, "files": None}}), limits=limits
    )
    lines = budget(Records(inputs), inputs.limits)
    assert [line.met for line in lines] == [True, None]
    assert lines[1].value.reason == "evaluate.measure in params.yaml does not ask for it"
    verdict = verdict_of(inputs)
    assert verdict.outcome == "good" and verdict.sentence.endswith("and within every limit measured.")
    assert verdict.reasons[1].text.endswith("Not measured: arena under TensorFlow Lite Micro.")


def test_arena_and_latency_are_held_to_their_limits() -> None:
    found = {"mcu": {"limit": ARENA_LIMIT, "files": {FINAL: {"arena_bytes": 60_000}}}}
    limits = {"max_arena_bytes": 50_000, "max_latency_ms": 0.1}
    inputs = dataclasses.replace(changed("evaluate", "device", to=found), limits=limits)
    assert [(line.value, line.met) for line in budget(Records(inputs), limits)] == [
        (60_000, False),
        (0.083, True),
    ]


def test_arena_of_a_file_that_was_refused_is_not_known_for_that_reason() -> None:
    refused = {"refused": f"{FINAL}.tflite does not run: no kernel"}
    found = {"mcu": {"limit": ARENA_LIMIT, "files": {FINAL: refused}}}
    inputs = dataclasses.replace(
        changed("evaluate", "device", to=found), limits={"max_arena_bytes": 50_000}
    )
    records = Records(inputs)
    (line,) = budget(records, inputs.limits)
    assert (line.met, line.value.reason) == (None, f"{FINAL}.tflite does not run: no kernel")
    assert not records.absences


def test_limit_that_is_null_is_none() -> None:
    assert budget(Records(report_inputs()), {"max_joules": None}) == []


def test_models_are_compared_on_the_same_images() -> None:
    inputs = report_inputs()
    found = compared(inputs.predictions, FINAL)
    variants = inputs.results["evaluate"]["variants"]
    assert isinstance(found, Difference) and found.outcome == "better"
    assert found.mean == pytest.approx(
        variants[FINAL]["accuracy"] - variants["baseline-keras"]["accuracy"]
    )
    assert found.low < found.mean < found.high


def test_absent_predictions_cannot_be_compared() -> None:
    found = compared(report_inputs().predictions, "other")
    assert isinstance(found, Absent) and found.reason == "the predictions hold no other"
    inputs = report_inputs()
    records = Records(inputs)
    verdict = judge(records, found, budget(records, inputs.limits), NONE_YET)
    assert verdict.outcome == "unclear"
    assert verdict.sentence == "tuned-int8 could not be compared with the baseline."


def test_pairing_is_sharper_than_two_accuracies() -> None:
    before = np.arange(1000) % 10 != 0
    after = before.copy()
    after[:30] = True
    close = paired(after, before)
    apart = unpaired(float(after.mean()), 1000, float(before.mean()), 1000)
    assert isinstance(apart, Difference)
    assert close.mean == pytest.approx(apart.mean) == pytest.approx(0.003)
    assert close.high - close.low < (apart.high - apart.low) / 4


def test_pairing_is_that_of_the_scores() -> None:
    rng = np.random.default_rng(5)
    labels, first, second = (rng.integers(0, 3, 200) for _ in range(3))
    found, theirs = paired(first == labels, second == labels), compare(labels, first, second)
    assert found.mean == pytest.approx(theirs.difference)
    assert found.high - found.low == pytest.approx(2 * 1.959964 * theirs.standard_error)


def test_unpaired_needs_both_accuracies() -> None:
    missing = Absent("not there")
    assert unpaired(0.9, 100, missing, 100) is missing
