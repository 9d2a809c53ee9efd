"""Tests of litesmith.report.verdict and litesmith.report.budget."""

from typing import Any

import numpy as np
import pytest

from litesmith.analysis.balance import balance_of_confusion, over_majority
from litesmith.analysis.intervals import CONFIDENCE, class_estimates
from litesmith.analysis.paired import Difference, paired_counts
from litesmith.documents.formats import count
from litesmith.records.summary import SinceReference, Verdict
from litesmith.records.validate import Left
from litesmith.report.budget import budget
from litesmith.report.inputs import BASELINE, ReportInputs
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
    return Difference((low + high) / 2, (high - low) / 2 / _Z_95, low, high)


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
        (-0.009, 0.02, "Ship tuned-int8: as accurate as the baseline within noise and within every limit of the device.",
         "good"),
        (-0.011, 0.02, f"Look before you ship tuned-int8: these {count(1000)} test images cannot tell whether it loses "
         "1 point or more against the baseline.", "unclear"),
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
         "model in service and within every limit of the device.", "good"),
        (-0.009, 0.01, "tuned-int8 does as well as the model in service: 1.50 points more accurate than the baseline and "
         "within every limit of the device.", "good"),
        (-0.011, 0.01, "Look before you ship tuned-int8: 1.50 points more accurate than the baseline and these "
         f"{count(1000)} test images cannot tell whether it loses 1 point or more against the model in service.", "unclear"),
        (-0.03, -0.01, "Keep the model in service: tuned-int8 is 2.00 points less accurate than it.", "bad")
    ]
)  # fmt: skip
def test_verdict_follows_the_model_in_service(
    low: float, high: float, sentence: str, outcome: str
) -> None:
    verdict = verdict_of(report_inputs(), before=since(low, high))
    assert (verdict.sentence, verdict.outcome) == (sentence, outcome)
    assert verdict.reasons[2].topic == "Reference"


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
    verdict = verdict_of(report_inputs(), before=since(-0.009, 0.01, raw=raw, gzip=gzip))
    assert verdict.sentence.startswith(f"tuned-int8 does as well as the model in service{words}")
    assert verdict.advice.startswith(advice)


def test_reference_on_other_test_images_refuses_nothing_but_asks_to_look() -> None:
    better = verdict_of(report_inputs(), before=since(0.01, 0.03, paired=False))
    assert better.outcome == "good" and better.sentence.startswith("Ship tuned-int8: 1.50 points")
    assert "not on the same test images, so it is less certain." in better.reasons[2].text
    worse = verdict_of(report_inputs(), before=since(-0.03, -0.01, paired=False))
    assert (worse.outcome, worse.reasons[2].good) == ("unclear", None)
    assert worse.sentence == (
        "Look before you ship tuned-int8: 1.50 points more accurate than the baseline and it is 2.00 points less "
        "accurate than the model in service, on other test images."
    )


def test_synthetic_images_say_nothing_about_a_model() -> None:
    verdict = verdict_of(report_inputs(synthetic=True))
    assert verdict.outcome == "unclear"
    assert (
        verdict.sentence
        == "Synthetic images: this run shows that the pipeline works, and nothing about a model."
    )


@pytest.mark.parametrize(
    ("data", "profile", "command"),
    [
        (None, None, ""),
        (None, "nightly", " --profile nightly"),
        (None, "a_1+b", " --profile a_1+b"),
        (None, "my night", " --profile 'my night'"),
        ("digits", None, " --data digits"),
        ("my cats", "quick", " --data 'my cats' --profile quick"),
    ],
)
def test_advice_names_the_command_that_puts_this_very_run_in_service(
    data: str | None, profile: str | None, command: str
) -> None:
    inputs = with_value(report_inputs(), "params", "data", value=data)
    verdict = verdict_of(with_value(inputs, "params", "profile", value=profile))
    assert f"`python -m tasks promote{command}`" in verdict.advice


def test_limit_of_a_fraction_is_told_with_its_digits_and_unit() -> None:
    inputs = with_limits(max_latency_ms=(0.05, 0.083))
    assert verdict_of(inputs).reasons[2].text == (
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
    assert verdict_of(inputs).reasons[2].text.endswith(" Latency is this host's, not the device's.")
    untimed = with_limits(max_tflite_bytes=(100_000, 96_248))
    assert "Latency" not in verdict_of(untimed).reasons[2].text


def test_broken_budget_outweighs_a_better_reference() -> None:
    inputs = with_limits(max_tflite_bytes=(90_000, 96_248))
    verdict = verdict_of(inputs, before=since(-0.03, -0.01))
    assert verdict.sentence == "Do not ship tuned-int8: it breaks the device's budget."
    assert (
        verdict.reasons[3].text
        == f"over the device's limit: int8 file {count(96_248)} of {count(90_000)} bytes."
    )


def test_verdict_refuses_what_failed_its_checks() -> None:
    verdict = verdict_of(changed("convert", "files", FINAL, "checks", 0, "passed", to=False))
    assert verdict.sentence == "Do not ship tuned-int8: it failed its checks."
    assert verdict.reasons[3].text == f"1 of its 3 checks failed: {FINAL}: input."


def test_check_of_a_file_that_is_not_shipped_is_a_note() -> None:
    verdict = verdict_of(changed("convert", "files", "pruned-int8", "checks", 2, "passed", to=False))
    note = "Of other files 1 of 27 checks failed: pruned-int8: golden."
    assert verdict.outcome == "good" and verdict.sentence.startswith("Ship tuned-int8: ")
    assert verdict.reasons[3].good is True
    assert verdict.reasons[3].text == f"all 3 checks of {FINAL} passed, run without TensorFlow. {note}"


def test_verdict_refuses_data_that_failed_validation() -> None:
    verdict = verdict_of(changed("validate", "passed", to=False))
    assert verdict.sentence == "Do not ship tuned-int8: the data failed validation."


def test_verdict_mentions_warnings_of_validation() -> None:
    inputs = changed("validate", "rules", 2, "success", to=False)
    assert verdict_of(inputs).reasons[4].text.endswith("1 of them with a warning: label_noise.")


def test_verdict_mentions_what_is_left_out() -> None:
    left = (Left(kind="known", num_images=1_200), Left(kind="near-copy", num_images=34))
    assert (
        verdict_of(changed("validate", "left_out", to=left))
        .reasons[4]
        .text.endswith("; left out are 1\u2009234 images and 0 of 1 batches.")
    )
    inputs = changed("validate", "batches", 0, "state", to="quarantined")
    assert verdict_of(inputs).reasons[4].text.endswith("; left out are 0 images and 1 of 1 batches.")


def test_limits_of_which_nothing_was_measured_ask_to_look() -> None:
    verdict = verdict_of(with_limits(max_arena_bytes=(65_536, "no tool")))
    assert verdict.outcome == "unclear"
    assert verdict.reasons[2].text == "not known: arena under TensorFlow Lite Micro."
    assert verdict.sentence.endswith(
        "more accurate than the baseline and whether it fits the device is not known."
    )


@pytest.mark.usefixtures("undrawn")
def test_limit_that_was_not_measured_is_named_and_does_not_hide_the_others() -> None:
    inputs = with_limits(max_tflite_bytes=(100_000, 96_248), max_arena_bytes=(65_536, "nobody <asked>"))
    assert [line.check.met for line in budget(inputs)] == [True, None]
    assert "not measured<br><small>nobody &lt;asked&gt;</small>" in render(inputs)
    verdict = verdict_of(inputs)
    assert verdict.outcome == "good" and verdict.sentence.endswith("and within every limit measured.")
    assert verdict.reasons[2].text.endswith("Not measured: arena under TensorFlow Lite Micro.")


def with_answers(*confusions: list[list[int]]) -> ReportInputs:
    """Return inputs of two classes with these answers of the baseline and of the final file."""
    inputs = with_value(report_inputs(), "form", "class_names", value=("left", "right"))
    evaluated = inputs.results.evaluate
    variants = dict(evaluated.variants)
    for name, rows in zip((BASELINE, FINAL), confusions, strict=True):
        confusion = np.array(rows)
        variants[name] = evaluated.variants[name].model_copy(
            update={
                "accuracy": np.trace(confusion) / confusion.sum(),
                "balance": balance_of_confusion(confusion),
                "per_class": tuple(class_estimates(confusion, inputs.class_names, CONFIDENCE)),
                "confusion": tuple(map(tuple, rows)),
            }
        )
    changed = {
        "num_images": int(confusion.sum()),
        "majority": over_majority(confusion),
        "variants": variants,
    }
    return with_value(inputs, "results", "evaluate", value=evaluated.model_copy(update=changed))


def judged(inputs: ReportInputs, gained: int, lost: int) -> Verdict:
    """Return the verdict, given how many images the final file alone and the baseline alone got right."""
    gain = paired_counts(gained, lost, inputs.results.evaluate.num_images)
    return judge(with_value(inputs, "results", "evaluate", "gain", value=gain), budget(inputs), None)


def test_forty_images_of_two_classes_do_not_ship_what_seems_worse() -> None:
    """65 % of 40 images against 72.5 % of the baseline's: 11 images gained, 14 lost."""
    verdict = judged(with_answers([[15, 5], [6, 14]], [[13, 7], [7, 13]]), 11, 14)
    assert verdict.outcome == "unclear"
    assert verdict.sentence == (
        "Look before you ship tuned-int8: these 40 test images cannot tell whether it loses 1 point or more against "
        "the baseline and whether it is better than always answering left."
    )
    accuracy, classes, *_ = verdict.reasons
    assert (accuracy.good, classes.good) == (None, None)
    assert accuracy.text == (
        "65.00\u00a0% of 40 test images right, the baseline 72.50\u00a0%: \u22127.50 points, 95\u00a0% interval "
        "\u221231.29 to +17.01. These 40 test images show a difference from 24.15 points on, and do not exclude a "
        f"loss of 1 point, which matters: that would take about {count(23_333)}."
    )
    assert classes.text == (
        "balanced accuracy 65.0\u00a0% (49.6 to 76.9), by chance 50.0\u00a0%. It finds left least often: 65.0\u00a0% "
        "(43.3 to 81.9) of 20 images. +15.00 points, 95\u00a0% interval \u22127.17 to +35.74 against always answering left."
    )


@pytest.mark.parametrize(
    "confusion",
    [
        [[900, 0], [100, 0]],  # always the same answer
        [[860, 40], [60, 40]],  # as accurate as that, with other mistakes
        [[500, 400], [55, 45]],  # by lot
    ],
)
def test_no_better_than_a_guess_never_ships(confusion: list[list[int]]) -> None:
    verdict = judged(with_answers([[400, 500], [60, 40]], confusion), 500, 40)
    assert verdict.outcome == "bad"
    assert verdict.sentence == "Do not ship tuned-int8: it is no better than always answering left."
    assert verdict.reasons[1].good is False


def test_few_images_ship_what_they_show_to_be_better() -> None:
    verdict = judged(with_answers([[10, 10], [10, 10]], [[19, 1], [1, 19]]), 19, 1)
    assert verdict.sentence.startswith("Ship tuned-int8: 45.00 points more accurate than the baseline")


def test_a_tie_on_a_few_images_is_no_certainty() -> None:
    verdict = judged(with_answers([[19, 1], [1, 19]], [[19, 1], [1, 19]]), 0, 0)
    assert verdict.outcome == "unclear" and "these 40 test images cannot tell" in verdict.sentence


def test_loss_that_matters_is_told_as_the_parameter_has_it() -> None:
    inputs = with_value(report_inputs(), "relevant_loss", value=0.025)
    assert "loses 2.5 points or more against the baseline" in verdict_of(inputs, -0.03, 0.02).sentence
    assert verdict_of(inputs, -0.02, 0.02).outcome == "good"


def test_recorded_run_of_fashion_mnist_ships() -> None:
    """94.06 % against 91.42 % of 10,000 images, 456 gained and 192 lost."""
    inputs = with_value(report_inputs(), "results", "evaluate", "num_images", value=10_000)
    inputs = with_value(inputs, "results", "evaluate", "gain", value=paired_counts(456, 192, 10_000))
    verdict = judge(inputs, budget(inputs), since(0.0029, 0.0097))
    assert verdict.outcome == "good"
    assert verdict.sentence.startswith(
        "Ship tuned-int8: 2.64 points more accurate than the baseline, 0.63"
    )
