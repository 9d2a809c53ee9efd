"""What once misled a reader of the page, with the numbers that did."""

import dataclasses
import re
from pathlib import Path
from typing import Any

import pytest

from litesmith.records.convert import Candidate
from litesmith.records.device import LimitCheck
from litesmith.records.summary import Reference, SinceReference
from litesmith.report.answers import Answers, answers, price
from litesmith.report.causes import limits_since, really_differs
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import since_reference, this_run
from litesmith.report.sections.headline import section as headline
from litesmith.report.sections.training.figures import Curve, outside_words
from litesmith.wording import count
from tests.litesmith.report.report_inputs import FINAL, decided, render, report_inputs, with_value

pytestmark = pytest.mark.usefixtures("undrawn")

LIBRARY = Path(__file__).parents[3] / "litesmith"


def before_of(inputs: ReportInputs) -> Reference:
    """Return the run as the reference of another one, whose file has another hash."""
    return with_value(this_run(inputs), "inputs", value={"models/final.tflite": "f" * 64})


def compared(inputs: ReportInputs, reference: Reference) -> tuple[ReportInputs, SinceReference]:
    inputs = dataclasses.replace(inputs, reference=reference)
    since = since_reference(inputs)
    assert since is not None
    return inputs, since


def told(inputs: ReportInputs) -> Answers:
    return answers(inputs, since_reference(inputs))


def texts(inputs: ReportInputs, question: str) -> str:
    return " ".join(line.text for line in getattr(told(inputs), question).lines)


def limit(name: str, label: str, most: float, measured: float) -> LimitCheck:
    return LimitCheck(
        name=name, label=label, unit="", limit=most, measured=measured, met=measured <= most, reason=None
    )


def with_device(reference: Reference, **limits: float) -> Reference:
    step = reference.provenance["evaluate"]
    parameters = {**step.parameters, "device": dict(limits)}
    return with_value(reference, "provenance", "evaluate", "parameters", value=parameters)


def with_limit(most: float) -> ReportInputs:
    """Return a first release whose file has 11,466,496 multiply-accumulates."""
    macs = limit("max_macs", "multiply-accumulates of one prediction", most, 11_466_496)
    inputs = dataclasses.replace(report_inputs(), decision=decided(first=True))
    return with_value(inputs, "results", "evaluate", "limits", value=(macs,))


def test_limits_that_were_raised_between_runs_are_not_sold_as_kept() -> None:
    """8,000,000 multiply-accumulates became 26,000,000, and the file was "within every limit"."""
    inputs = with_limit(26_000_000)
    inputs, _ = compared(inputs, with_device(before_of(inputs), max_macs=8_000_000))
    since = limits_since(inputs)
    assert since is not None and (moved := since.words)
    assert moved.startswith("Raised: multiply-accumulates of one prediction from ")
    assert f"{count(8_000_000)} to {count(26_000_000)}" in moved
    assert moved.endswith("Under the old ones this file would not fit.")
    line = next(line for line in told(inputs).trusted.lines if "Limits of the device" in line.text)
    assert (line.good, line.text) == (
        None,
        "Limits of the device were raised since the model in service. Under the old ones this file would not fit.",
    )
    assert told(inputs).changed.lines[0].text.startswith("Limits: Raised: ")
    page = render(inputs)
    assert "every limit" not in page and "within the device's limit" not in page


def test_limits_that_are_as_they_were_are_no_news() -> None:
    inputs = with_limit(26_000_000)
    inputs, _ = compared(inputs, with_device(before_of(inputs), max_macs=26_000_000))
    assert limits_since(inputs) is None and "Limits of the device" not in texts(inputs, "trusted")
    inputs, _ = compared(inputs, with_device(before_of(inputs), max_macs=30_000_000))
    since = limits_since(inputs)
    assert since is not None and since.how == "changed"


def latency_since(host: str) -> str:
    """Return the cell of a network that took 0.203 ms before and takes 0.036 now."""
    inputs = report_inputs()
    timed = inputs.results.latency.variants[FINAL].model_copy(
        update={"median_ms": 0.036, "p90_ms": 0.037}
    )
    inputs = with_value(inputs, "results", "latency", "variants", FINAL, value=timed)
    before = before_of(inputs)
    slower = before.latency.model_copy(update={"median_ms": 0.203, "p90_ms": 0.204})
    before = with_value(before, "latency", value=slower)
    before = with_value(before, "provenance", "evaluate", "host", "cpu", value=host)
    inputs, _ = compared(inputs, before)
    row = next(row for row in headline.build(inputs).rows if row.name == "Median latency")
    assert row.since is not None
    return f"{row.since.value} {row.since.detail}"


def test_latencies_of_two_hosts_are_not_compared() -> None:
    """The same network took 0.203 ms on one host and 0.036 on another: no gain of 82 %."""
    assert latency_since("AMD EPYC") == "not compared another host"
    own = report_inputs().provenance["evaluate"].host.cpu
    assert latency_since(own).endswith("% from 0.203")


def with_baseline(reference: Reference, num_parameters: int) -> Reference:
    assert reference.baseline is not None
    size = reference.baseline.model_copy(update={"num_parameters": num_parameters})
    return with_value(reference, "baseline", value=size)


def test_a_baseline_that_grew_under_equal_parameters_is_named_with_both_revisions() -> None:
    """225,034 weights became 421,642, and the page named neither the code nor the baseline."""
    inputs = with_value(report_inputs(), "results", "baseline", "num_parameters", value=421_642)
    before = with_baseline(before_of(inputs), 225_034)
    made = before.provenance["judge"].made
    assert made is not None
    for step in before.provenance:
        old = made.model_copy(update={"revision": "5741ff7" + "0" * 33})
        if step == "baseline":
            old = old.model_copy(update={"code": "01d0" * 16})
        before = with_value(before, "provenance", step, "made", value=old)
    inputs, since = compared(inputs, before)
    causes = {cause.topic: cause.text for cause in since.causes}
    assert causes["Code"] == "Revision 0e6b526, was 5741ff7. The code of baseline changed."
    assert causes["Baseline"] == (
        f"Another network: {count(421_642)} weights, were {count(225_034)}, with the same parameters, so its "
        "code changed. Differences from it do not compare."
    )
    assert told(inputs).changed.words == "Code and baseline."
    assert f"Baseline: Another network: {count(421_642)} weights, were {count(225_034)}" in texts(
        inputs, "changed"
    )


def test_a_baseline_of_larger_images_is_no_change_of_code() -> None:
    inputs = with_value(report_inputs(), "results", "baseline", "num_parameters", value=421_642)
    now = {**inputs.provenance["evaluate"].parameters, "dataset": {"height": 32}}
    inputs = with_value(inputs, "provenance", "evaluate", "parameters", value=now)
    before = with_baseline(before_of(inputs), 225_034)
    former = {**now, "dataset": {"height": 28}}
    before = with_value(before, "provenance", "evaluate", "parameters", value=former)
    _, since = compared(inputs, before)
    (text,) = (cause.text for cause in since.causes if cause.topic == "Baseline")
    assert "for images of another form or other classes. Differences from it do not compare." in text


def test_parameters_that_change_no_result_explain_none() -> None:
    inputs = report_inputs()
    own = inputs.provenance["evaluate"].parameters
    idle = {"fetch": {"attempts": 9}, "report": {"max_changed": 9}, "sweep": {"num_workers": 9}}
    before = before_of(inputs)
    before = with_value(before, "provenance", "evaluate", "parameters", value={**own, **idle})
    assert compared(inputs, before)[1].parameters == ()
    deciding = {**own, **idle, "sweep": {"num_trials": 9}}
    before = with_value(before, "provenance", "evaluate", "parameters", value=deciding)
    assert [change.name for change in compared(inputs, before)[1].parameters] == ["sweep.num_trials"]


def test_a_reference_that_did_not_record_its_baseline_is_compared_by_its_file() -> None:
    path = "models/baseline-summary.txt"
    inputs = dataclasses.replace(report_inputs(), sha256={path: "a" * 64})
    before = with_value(
        with_value(before_of(inputs), "baseline", value=None), "inputs", value={path: "b" * 64}
    )
    _, since = compared(inputs, before)
    assert [cause.text for cause in since.causes if cause.topic == "Baseline"] == [
        f"Another network ({path} differs), with the same parameters, so its code changed. Differences from it do "
        "not compare."
    ]


def priced(accuracy: float, **changes: Any) -> Candidate:
    content = {
        "accuracy": accuracy, "balance": None, "bytes": 76_672, "gzip_bytes": 68_171, "standard_error": 0.0010,
        "smallest_visible": 0.0020, "near_best": False, "within_limits": True, "behind_best": 0.9405 - accuracy,
    }  # fmt: skip
    return Candidate.model_validate({**content, **changes})


def test_the_price_of_the_choice_stands_in_one_line() -> None:
    """The next file has half the work for 0.20 points less, and 0 instead of 2 operators off the NPU."""
    inputs = report_inputs()
    quantized = inputs.results.quantize.variants
    twice = {**quantized, "tuned": quantized["qat"].model_copy(update={"passes": 2})}
    inputs = with_value(inputs, "results", "quantize", "variants", value=twice)
    files = inputs.results.evaluate.device["npu"].files
    other = files[FINAL].model_copy(update={"values": {**files[FINAL].values, "cpu_operators": 0}})
    mine = files[FINAL].model_copy(update={"values": {**files[FINAL].values, "cpu_operators": 2}})
    both = {FINAL: mine, "qat-int8": other}
    inputs = with_value(inputs, "results", "evaluate", "device", "npu", "files", value=both)
    candidates = {
        FINAL: priced(0.9405),
        "qat-int8": priced(0.9385),
        "pruned-int8": priced(0.9300),
        "big-int8": priced(0.9404, within_limits=False),
    }
    inputs = with_value(inputs, "results", "convert", "final", "candidates", value=candidates)
    inputs = with_value(inputs, "results", "convert", "final", "bytes", value=76_832)
    inputs = with_value(inputs, "results", "convert", "final", "moved_px", value=1)
    line = price(inputs)
    assert line == (
        f"The price: the second-best file, qat-int8, has 0.5 times the work (this one: "
        f"{count(inputs.network.macs)} multiply-accumulates) and 0, not 2, operators left to the CPU. It is 0.20 points less accurate "
        "(validation images moved by up to 1 pixel, standard error 0.10)."
    )
    header = render(inputs).partition("</header>")[0]
    assert header.index("</h1>") < header.index("The price: ") < header.index("Is it better?")
    alone = with_value(
        inputs, "results", "convert", "final", "candidates", value={FINAL: priced(0.9405)}
    )
    assert price(alone) == ""


def test_a_smaller_file_chosen_near_the_best_says_that_chance_may_explain_the_difference() -> None:
    """The error of the best against itself is 0, and was shown as that of the difference."""
    best = {"standard_error": 0.0, "behind_best": 0.0}
    candidates = {FINAL: priced(0.9395), "qat-int8": priced(0.9405, **best)}
    inputs = with_value(report_inputs(), "results", "convert", "final", "candidates", value=candidates)
    line = price(inputs)
    assert "0.10 points more accurate" in line
    assert "standard error 0.10, which chance alone may explain" in line


def test_a_time_of_this_host_is_no_limit_of_the_device() -> None:
    inputs = report_inputs()
    page = render(inputs)
    budget_cards = page.partition('<ul class="budget">')[2].partition("</ul>")[0].split("<li>")
    cards = [card for card in budget_cards if "median latency" in card]
    assert len(cards) == 1 and "kept on this host" in cards[0] and 'class="mark unknown"' in cards[0]
    assert "Its latency was timed on this host. The device&#39;s is not known." in page
    budget = re.search(r"<strong>Budget</strong> (.*?)</li>", page)
    assert budget and "latency at" not in budget[1] and "says nothing of the device" in budget[1]
    (gate,) = (gate for gate in inputs.decision.reasons if gate.name == "latency")
    assert gate.text.startswith("On this host ") and gate.text.endswith(
        "The device's own time is not known."
    )


@pytest.mark.parametrize("outcome", ["promote", "keep", "undecided", "first"])
def test_the_uncertainty_of_one_seed_stands_once(outcome: str) -> None:
    decision = {
        "promote": decided(), "keep": decided(0, 200), "undecided": decided(12, 10), "first": decided(first=True)
    }[outcome]  # fmt: skip
    page = render(dataclasses.replace(report_inputs(), decision=decision))
    assert page.lower().count("one seed") == 1
    assert "not what another training of the same recipe would" in page.partition("</header>")[0]


def test_what_was_chosen_on_test_is_said_alike_everywhere() -> None:
    """Three pages said that nothing was; the fourth admitted that earlier results had been seen."""
    told = " ".join(
        path.read_text(encoding="utf-8") for path in sorted(LIBRARY.rglob("*.j2"))
    ) + " ".join(path.read_text(encoding="utf-8") for path in sorted((LIBRARY / "report").rglob("*.py")))
    sentences = re.findall(
        r"[^.]*nothing (?:was|is) chosen on[^.]*\.", " ".join(told.split()), re.IGNORECASE
    )
    assert sentences and all("In this run nothing was chosen on" in one for one in sentences)
    page = " ".join(render(report_inputs()).split())
    assert "whoever set the recipe had seen what earlier runs reached on them" in page


def test_pictures_are_not_shown_as_negatives() -> None:
    """A dark image stood beside the word "darkest" in white."""
    style = (LIBRARY / "report/page.css").read_text(encoding="utf-8")
    assert not re.search(r"invert|filter\s*:|mix-blend|hue-rotate", style)


def test_a_caption_names_the_epochs_that_lie_outside() -> None:
    """ "Its first epochs" were 41 of 84 of one line, and the third of another."""
    rising = tuple(0.5 + 0.44 * min(1.0, epoch / 42) + epoch / 10_000 for epoch in range(1, 85))
    flat = tuple(0.2 if epoch == 3 else 0.944 for epoch in range(1, 11))
    curves = [
        Curve("tuned", "train", tuple(map(float, range(1, 85))), rising),
        Curve("pruned", "validation", tuple(map(float, range(85, 95))), flat),
    ]
    words = outside_words(curves)
    assert words.startswith(
        "Outside the figure, so that the rest can be distinguished: epochs tuned 1 to "
    )
    assert words.endswith("; pruned 87.")
    assert outside_words(curves[1:1]) == ""


def test_every_accuracy_on_the_first_screen_names_its_images() -> None:
    """94.06 % stood for four things: on test, on gate, on validation, and as balanced accuracy."""
    inputs = report_inputs()
    variants = {
        name: variant.model_copy(update={"accuracy": 0.9406}) if name == FINAL else variant
        for name, variant in inputs.results.evaluate.variants.items()
    }
    inputs = with_value(inputs, "results", "evaluate", "variants", value=variants)
    inputs = dataclasses.replace(inputs, decision=decided(first=True))
    header = " ".join(render(inputs).partition("</header>")[0].partition("<h1")[2].split())
    sentences = [
        one for one in re.split(r"</li>|</p>|</h1>", header) if re.search(r"\d\.\d+\s?(%|points)", one)
    ]
    assert any("94.06" in one for one in sentences) and header.count("94.06") == 1
    assert all(re.search(r"(test|gate|validation) images", one) for one in sentences)


def test_a_number_with_fewer_digits_is_no_change() -> None:
    inputs = report_inputs()
    before = before_of(inputs)
    name = next(name for name in before.data if name.endswith("mean pixel"))
    _, since = compared(inputs, with_value(before, "data", name, value="0.28604059698"))
    (change,) = since.data
    digits = change.model_copy(update={"now": "0.286041", "before": "0.2860405969887955"})
    assert not really_differs(digits)
    assert really_differs(change.model_copy(update={"now": "0.287", "before": "0.286"}))
