"""Tests of litesmith.report.verdict and litesmith.report.budget."""

from typing import Any

import pytest

from litesmith.analysis.paired import Difference
from litesmith.documents.formats import count
from litesmith.records.summary import SinceReference, Verdict
from litesmith.report.budget import budget
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import accuracy_change
from litesmith.report.verdict import judge
from tests.litesmith.report.report_inputs import FINAL, render, report_inputs, with_value

_Z_95 = 1.959964


def changed(*path: Any, to: Any) -> ReportInputs:
    """Return inputs in which the results at ``path`` are ``to``."""
    return with_value(report_inputs(), "results", *path, value=to)


def with_limits(**limits: tuple[float, float | str]) -> ReportInputs:
    """Return inputs with these limits alone, each with what the file takes or why nothing measured it."""
    inputs = report_inputs()
    checks = {check.name: check for check in inputs.limits}
    changed = []
    for name, (limit, taken) in limits.items():
        reason, measured = (taken, None) if isinstance(taken, str) else (None, taken)
        met = None if measured is None else measured <= limit
        values = {"limit": limit, "measured": measured, "met": met, "reason": reason}
        changed.append(checks[name].model_copy(update=values))
    timed = tuple(check for check in changed if check.name == "max_latency_ms")
    others = tuple(check for check in changed if check.name != "max_latency_ms")
    inputs = with_value(inputs, "results", "evaluate", "limits", value=others)
    return with_value(inputs, "results", "latency", "limits", value=timed)


def difference(low: float, high: float) -> Difference:
    return Difference((low + high) / 2, (high - low) / 2 / _Z_95)


def since(
    low: float, high: float, paired: bool = True, raw: float = 1.0, gzip: float = 1.0
) -> SinceReference:
    return SinceReference(
        final="tuned-int8", accuracy=accuracy_change(difference(low, high)), paired=paired, same_run=False,
        raw_share=raw, gzip_share=gzip, data=(), parameters=(), versions=(), hosts=(), inputs=()
    )  # fmt: skip


def verdict_of(
    inputs: ReportInputs, low: float = 0.01, high: float = 0.02, before: SinceReference | None = None
) -> Verdict:
    inputs = with_value(inputs, "results", "evaluate", "gain", value=difference(low, high))
    return judge(inputs, budget(inputs), before)


@pytest.mark.parametrize(
    ("low", "high", "sentence", "outcome"),
    [
        (0.01, 0.02, "Ship tuned-int8: 1.50 points more accurate than the baseline and within every limit of the "
         "device.", "good"),
        (-0.01, 0.02, "Ship tuned-int8: as accurate as the baseline within noise and within every limit of the device.",
         "good"),
        (-0.02, -0.01, "Do not ship tuned-int8: it is 1.50 points less accurate than the baseline.", "bad")
    ]
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
        (-0.03, -0.01, "Keep the reference run: tuned-int8 is 2.00 points less accurate than it.", "bad")
    ]
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
        (1.0, 1.0, ":", "Nothing has to be done."),
    ],
)
def test_where_accuracy_is_even_the_size_is_told(
    raw: float, gzip: float, words: str, advice: str
) -> None:
    verdict = verdict_of(report_inputs(), before=since(-0.01, 0.01, raw=raw, gzip=gzip))
    assert verdict.sentence.startswith(f"tuned-int8 does as well as the reference run{words}")
    assert verdict.advice.startswith(advice)


def test_reference_on_other_test_images_refuses_nothing_but_asks_to_look() -> None:
    better = verdict_of(report_inputs(), before=since(0.01, 0.03, paired=False))
    assert better.outcome == "good" and better.sentence.startswith("Ship tuned-int8: 1.50 points")
    assert better.reasons[1].text.endswith("not on the same test images, so it is less certain.")
    worse = verdict_of(report_inputs(), before=since(-0.03, -0.01, paired=False))
    assert (worse.outcome, worse.reasons[1].good) == ("unclear", None)
    assert worse.sentence == (
        "Look before you ship tuned-int8: 1.50 points more accurate than the baseline and it is 2.00 points less "
        "accurate than the reference run, on other test images."
    )


def test_synthetic_images_say_nothing_about_a_model() -> None:
    verdict = verdict_of(report_inputs(synthetic=True))
    assert verdict.outcome == "unclear"
    assert (
        verdict.sentence
        == "Synthetic images: this run shows that the pipeline works, and nothing about a model."
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
    verdict = verdict_of(with_value(report_inputs(), "params", "profile", value=profile))
    assert f"`python -m tasks reference{command}`" in verdict.advice


def test_limit_of_a_fraction_is_told_with_its_digits_and_unit() -> None:
    inputs = with_limits(max_latency_ms=(0.05, 0.083))
    assert verdict_of(inputs).reasons[1].text == (
        "over the device's limit: median latency of one image on this host 0.083 of 0.050 ms. "
        "Latency is this host's, not the device's."
    )


@pytest.mark.usefixtures("undrawn")
def test_latency_is_told_as_the_hosts_and_nothing_else_is() -> None:
    inputs = with_limits(max_tflite_bytes=(100_000, 96_248), max_latency_ms=(1.0, 0.083))
    size, latency = budget(inputs)
    assert (size.note, latency.check.label) == ("", "median latency of one image on this host")
    assert (
        latency.note.startswith("timed on Some Processor 3.0 GHz, 2 cores")
        and "not on the device" in latency.note
    )
    assert latency.note in render(inputs)
    assert verdict_of(inputs).reasons[1].text.endswith(" Latency is this host's, not the device's.")
    untimed = with_limits(max_tflite_bytes=(100_000, 96_248))
    assert "Latency" not in verdict_of(untimed).reasons[1].text


def test_broken_budget_outweighs_a_better_reference() -> None:
    inputs = with_limits(max_tflite_bytes=(90_000, 96_248))
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


def test_check_of_a_file_that_is_not_shipped_is_a_note() -> None:
    verdict = verdict_of(changed("convert", "files", "pruned-int8", "checks", 2, "passed", to=False))
    note = "Of other files 1 of 27 checks failed: pruned-int8: golden."
    assert verdict.outcome == "good" and verdict.sentence.startswith("Ship tuned-int8: ")
    assert verdict.reasons[2].good is True
    assert verdict.reasons[2].text == f"all 3 checks of {FINAL} passed, run without TensorFlow. {note}"


def test_verdict_refuses_data_that_failed_validation() -> None:
    verdict = verdict_of(changed("validate", "passed", to=False))
    assert verdict.sentence == "Do not ship tuned-int8: the data failed validation."


def test_verdict_mentions_warnings_of_validation() -> None:
    inputs = changed("validate", "rules", 2, "success", to=False)
    assert verdict_of(inputs).reasons[3].text.endswith("1 of them with a warning: near_empty_images.")


def test_limits_of_which_nothing_was_measured_ask_to_look() -> None:
    verdict = verdict_of(with_limits(max_arena_bytes=(65_536, "no tool")))
    assert verdict.outcome == "unclear"
    assert verdict.reasons[1].text == "not known: arena under TensorFlow Lite Micro."
    assert verdict.sentence.endswith(
        "more accurate than the baseline and whether it fits the device is not known."
    )


def test_limit_that_was_not_measured_is_named_and_does_not_hide_the_others() -> None:
    inputs = with_limits(max_tflite_bytes=(100_000, 96_248), max_arena_bytes=(65_536, "nobody <asked>"))
    assert [line.check.met for line in budget(inputs)] == [True, None]
    assert "not measured<br><small>nobody &lt;asked&gt;</small>" in render(inputs)
    verdict = verdict_of(inputs)
    assert verdict.outcome == "good" and verdict.sentence.endswith("and within every limit measured.")
    assert verdict.reasons[1].text.endswith("Not measured: arena under TensorFlow Lite Micro.")
