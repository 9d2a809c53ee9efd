"""Tests of litesmith.report.facts and litesmith.report.budget."""

from typing import Any

import numpy as np
import pytest

from litesmith.analysis.balance import balance_of_confusion, over_majority
from litesmith.analysis.intervals import CONFIDENCE, class_estimates
from litesmith.analysis.paired import Difference, paired_counts
from litesmith.records.summary import Fact, SinceReference
from litesmith.records.validate import Left
from litesmith.report.budget import budget
from litesmith.report.facts import known_facts
from litesmith.report.inputs import BASELINE, ReportInputs
from litesmith.report.reference import accuracy_change
from litesmith.wording import count
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


def facts_of(
    inputs: ReportInputs, low: float = 0.01, high: float = 0.02, before: SinceReference | None = None
) -> dict[str, Fact]:
    """Return the facts by topic, given the interval of the gain."""
    inputs = with_value(inputs, "results", "evaluate", "gain", value=difference(low, high))
    return {fact.topic: fact for fact in known_facts(inputs, budget(inputs), before)}


def test_facts_stand_in_their_order() -> None:
    assert list(facts_of(report_inputs())) == ["Accuracy", "Classes", "Budget", "Files", "Data"]
    assert list(facts_of(report_inputs(), before=since(0.01, 0.02)))[:3] == [
        "Accuracy",
        "Classes",
        "Reference",
    ]


@pytest.mark.parametrize(
    ("low", "high", "good"), [(0.01, 0.02, True), (-0.009, 0.02, True), (-0.011, 0.02, None), (-0.02, -0.01, False)]
)  # fmt: skip
def test_accuracy_follows_the_interval_of_the_difference(
    low: float, high: float, good: bool | None
) -> None:
    assert facts_of(report_inputs(), low, high)["Accuracy"].good is good


@pytest.mark.parametrize(
    ("low", "high", "good"), [(0.01, 0.03, True), (-0.009, 0.01, True), (-0.011, 0.01, None), (-0.03, -0.01, False)]
)  # fmt: skip
def test_reference_follows_the_interval_of_the_difference(
    low: float, high: float, good: bool | None
) -> None:
    fact = facts_of(report_inputs(), before=since(low, high))["Reference"]
    assert fact.good is good
    assert "against tuned-int8 of the model in service, on the same test images." in fact.text


def test_reference_on_other_test_images_speaks_against_nothing() -> None:
    better = facts_of(report_inputs(), before=since(0.01, 0.03, paired=False))["Reference"]
    assert better.good is True
    assert "not known to be on the same test images, so it is less certain." in better.text
    worse = facts_of(report_inputs(), before=since(-0.03, -0.01, paired=False))["Reference"]
    assert worse.good is None


def test_limit_of_a_fraction_is_told_with_its_digits_and_unit() -> None:
    inputs = with_limits(max_latency_ms=(0.05, 0.083))
    assert facts_of(inputs)["Budget"].text == (
        "over the limit: median latency of one image on this host 0.083 of 0.050 ms. "
        "Median latency of one image on this host: 0.083 of 0.05 ms, which says nothing of the device."
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
    assert facts_of(inputs)["Budget"].text.endswith(" ms, which says nothing of the device.")
    untimed = with_limits(max_tflite_bytes=(100_000, 96_248))
    assert "latency" not in facts_of(untimed)["Budget"].text


def test_broken_budget_is_told_with_the_limit() -> None:
    fact = facts_of(with_limits(max_tflite_bytes=(90_000, 96_248)))["Budget"]
    assert fact.good is False
    assert fact.text == f"over the limit: int8 file {count(96_248)} of {count(90_000)} bytes."


def test_checks_that_failed_are_named() -> None:
    fact = facts_of(changed("convert", "files", FINAL, "checks", 0, "passed", to=False))["Files"]
    assert (fact.good, fact.text) == (False, f"1 of its 3 checks failed: {FINAL}: input.")


def test_check_of_another_file_is_a_note() -> None:
    fact = facts_of(changed("convert", "files", "pruned-int8", "checks", 2, "passed", to=False))["Files"]
    note = "Of other files 1 of 27 checks failed: pruned-int8: golden."
    assert fact.good is True
    assert fact.text == f"all 3 checks of {FINAL} passed, run without TensorFlow. {note}"


def test_data_that_failed_validation_speak_against_the_model() -> None:
    assert facts_of(changed("validate", "passed", to=False))["Data"].good is False


def test_facts_mention_warnings_of_validation() -> None:
    inputs = changed("validate", "rules", 2, "success", to=False)
    assert facts_of(inputs)["Data"].text.endswith("broken with a warning: label_noise.")


def test_facts_mention_what_is_left_out() -> None:
    left = (Left(kind="known", num_images=1_200), Left(kind="near-copy", num_images=34))
    fact = facts_of(changed("validate", "left_out", to=left))["Data"]
    assert fact.text.endswith("; left out are 1\u2009234 images and 0 of 1 batches.")
    inputs = changed("validate", "batches", 0, "state", to="quarantined")
    assert facts_of(inputs)["Data"].text.endswith("; left out are 0 images and 1 of 1 batches.")


def test_limits_of_which_nothing_was_measured_are_not_known() -> None:
    fact = facts_of(with_limits(max_arena_bytes=(65_536, "no tool")))["Budget"]
    assert (fact.good, fact.text) == (None, "not known: arena under TensorFlow Lite Micro.")


@pytest.mark.usefixtures("undrawn")
def test_limit_that_was_not_measured_is_named_and_does_not_hide_the_others() -> None:
    inputs = with_limits(max_tflite_bytes=(100_000, 96_248), max_arena_bytes=(65_536, "nobody <asked>"))
    assert [line.check.met for line in budget(inputs)] == [True, None]
    assert "<small>nobody &lt;asked&gt;</small>" in render(inputs)
    fact = facts_of(inputs)["Budget"]
    assert fact.good is True and fact.text.endswith("Not measured: arena under TensorFlow Lite Micro.")


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


def compared(inputs: ReportInputs, gained: int, lost: int) -> tuple[Fact, Fact]:
    """Return accuracy and classes, given the images that the final file and the baseline alone got right."""
    gain = paired_counts(gained, lost, inputs.results.evaluate.num_images)
    inputs = with_value(inputs, "results", "evaluate", "gain", value=gain)
    accuracy, classes, *_ = known_facts(inputs, budget(inputs), None)
    return accuracy, classes


def test_forty_images_of_two_classes_say_that_they_cannot_tell() -> None:
    """65 % of 40 images against 72.5 % of the baseline's: 11 images gained, 14 lost."""
    accuracy, classes = compared(with_answers([[15, 5], [6, 14]], [[13, 7], [7, 13]]), 11, 14)
    assert (accuracy.good, classes.good) == (None, None)
    assert accuracy.text == (
        "65.00\u00a0% of 40 test images right, the baseline 72.50\u00a0%: \u22127.50 points, 95\u00a0% interval "
        "\u221231.29 to +17.01. With these 40 test images a difference below 24.15 points cannot be told from chance; a "
        f"loss of 1 point, which matters, is not excluded: that would take about {count(23_333)} images."
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
def test_no_better_than_a_guess_speaks_against_the_model(confusion: list[list[int]]) -> None:
    _, classes = compared(with_answers([[400, 500], [60, 40]], confusion), 500, 40)
    assert classes.good is False
    assert classes.text.endswith("against always answering left.")


def test_few_images_may_show_a_large_gain() -> None:
    accuracy, classes = compared(with_answers([[10, 10], [10, 10]], [[19, 1], [1, 19]]), 19, 1)
    assert (accuracy.good, classes.good) == (True, True)
    assert "+45.00 points" in accuracy.text


def test_a_tie_on_a_few_images_is_no_certainty() -> None:
    accuracy, _ = compared(with_answers([[19, 1], [1, 19]], [[19, 1], [1, 19]]), 0, 0)
    assert accuracy.good is None and "a loss of 1 point, which matters, is not excluded" in accuracy.text


def test_loss_that_matters_is_told_as_the_parameter_has_it() -> None:
    inputs = with_value(report_inputs(), "relevant_loss", value=0.025)
    fact = facts_of(inputs, -0.03, 0.02)["Accuracy"]
    assert fact.good is None and "a loss of 2.5 points, which matters, is not excluded" in fact.text
    assert facts_of(inputs, -0.02, 0.02)["Accuracy"].good is True


def test_recorded_run_of_fashion_mnist() -> None:
    """94.06 % against 91.42 % of 10,000 images, 456 gained and 192 lost."""
    inputs = with_value(report_inputs(), "results", "evaluate", "num_images", value=10_000)
    inputs = with_value(inputs, "results", "evaluate", "gain", value=paired_counts(456, 192, 10_000))
    facts = known_facts(inputs, budget(inputs), since(0.0029, 0.0097))
    assert [fact.good for fact in facts] == [True] * 6
    assert "+2.64 points" in facts[0].text
