"""Tests of litesmith.report.verdict: what a page says of a decision."""

import dataclasses

import pytest

from litesmith.records.service.judge import Decision, GateImages
from litesmith.records.summary import Verdict
from litesmith.report.inputs import ReportInputs
from litesmith.report.verdict import ground, summarize_decision, verdict_on
from litesmith.wording import count
from tests.litesmith.report.report_inputs import decided, render, report_inputs, with_value

OTHER_FORM = "28 x 28 x 1, and 32 x 32 x 3 in service"
IN_SERVICE = "a" * 64


def verdict_of(decision: Decision, synthetic: bool = False) -> Verdict:
    return verdict_on(dataclasses.replace(report_inputs(synthetic=synthetic), decision=decision))


@pytest.mark.parametrize(
    ("decision", "decided_on", "mark", "begin"),
    [
        (decided(), "promote", "good", "Promote tuned-int8: it is better than v-1: "),
        (decided(first=True), "promote", "good", "Promote tuned-int8: it is the first "),
        (decided(0, 200), "keep", "bad", "Keep v-1: tuned-int8 is held by comparison, "),
        (decided(12, 10), "undecided", "unclear", "Undecided on tuned-int8: comparison cannot tell"),
        (decided(0, 0, released_sha256=IN_SERVICE), "in service", "good", "tuned-int8 is in service "),
        (decided(other_form=OTHER_FORM), "not comparable", "unclear", "tuned-int8 cannot be compared "),
    ],
)
def test_headline_is_that_of_the_decision(
    decision: Decision, decided_on: str, mark: str, begin: str
) -> None:
    verdict = verdict_of(decision)
    assert (decision.outcome, verdict.outcome) == (decided_on, mark)
    assert verdict.sentence == decision.headline and verdict.sentence.startswith(begin)


@pytest.mark.parametrize("decision", [decided(), decided(0, 200), decided(12, 10)])
def test_synthetic_images_are_unclear_whatever_was_decided(decision: Decision) -> None:
    assert verdict_of(decision, synthetic=True).outcome == "unclear"


def test_what_was_decided_on_synthetic_images_names_the_way_to_real_ones() -> None:
    inputs = report_inputs(synthetic=True)
    assert "is held by data" in inputs.decision.headline
    assert "`make run`" in verdict_on(inputs).advice


def with_options(data: str | None, profile: str | None) -> ReportInputs:
    inputs = with_value(report_inputs(), "params", "data", value=data)
    return with_value(inputs, "params", "profile", value=profile)


@pytest.mark.parametrize(
    ("data", "profile", "options"),
    [
        (None, None, ""),
        (None, "nightly", " --profile nightly"),
        (None, "a_1+b", " --profile a_1+b"),
        (None, "my night", " --profile 'my night'"),
        ("digits", None, " --data digits"),
        ("my cats", "quick", " --data 'my cats' --profile quick"),
    ],
)
def test_command_that_follows_is_of_this_very_run(
    data: str | None, profile: str | None, options: str
) -> None:
    inputs = with_options(data, profile)
    assert verdict_on(inputs).advice == f"`python -m tasks promote{options}` puts it in service."
    command = f"`python -m tasks promote{options} --by NAME --why TEXT`"
    undecided = dataclasses.replace(inputs, decision=decided(12, 10))
    assert verdict_on(undecided).advice == f"A person may decide otherwise: {command}."
    not_comparable = dataclasses.replace(inputs, decision=decided(other_form=OTHER_FORM))
    assert verdict_on(not_comparable).advice == f"A person decides: {command}."


def test_nothing_follows_where_the_file_is_in_service() -> None:
    assert verdict_of(decided(0, 0, released_sha256=IN_SERVICE)).advice == "Nothing has to be done."


def test_where_a_file_is_kept_out_the_page_says_what_to_look_at() -> None:
    advice = verdict_of(decided(0, 200)).advice
    assert advice.startswith("Look at comparison, classes and flips: ") and "promote" not in advice
    assert verdict_of(decided(validated=False)).advice.startswith("Look at data: ")


def test_ground_names_images() -> None:
    assert ground(decided()) == f"In this run nothing was chosen on these {count(4000)} images."
    gate = GateImages(num_images=4000, sha256="d" * 64, num_left_out=12)
    fewer = decided().model_copy(update={"gate": gate})
    assert "12 others are left out: the version in service learned from them." in ground(fewer)


def test_a_file_in_service_is_said_to_be_compared_with_itself() -> None:
    assert "compared with itself" in ground(decided(0, 0, released_sha256=IN_SERVICE))
    assert "compared with itself" not in ground(decided())


def test_summary_leaves_answers_out() -> None:
    decision = decided()
    summary = summarize_decision(decision)
    assert (summary.outcome, summary.merit, summary.headline) == ("promote", "better", decision.headline)
    assert summary.gates == decision.reasons and summary.released == "v-1"
    assert decision.evidence.answers.candidate not in summary.model_dump_json()
    assert summarize_decision(decided(first=True)).released is None


@pytest.mark.usefixtures("undrawn")
def test_page_lists_every_gate_and_marks_those_alone_that_did_not_pass() -> None:
    inputs = dataclasses.replace(report_inputs(), decision=decided(12, 10, validated=False))
    page = render(inputs)
    header, section = page.partition("</header>")[0], page.partition('id="decision"')[2]
    gates, facts = section.partition("</section>")[0].split("<h3>")
    assert gates.count("<li>") == len(inputs.decision.reasons) == 9
    spoken = [gates.count(f">{words}: </span>") for words in ("held by", "cannot tell")]
    assert spoken == [1, 1] == [gates.count('class="mark no"'), gates.count('class="mark unknown"')]
    assert gates.index("<strong>Data</strong> The data did not pass") < gates.index(
        "<strong>Comparison</strong> These images show"
    )
    assert facts.count("<li>") == 5 and 'class="mark' not in facts
    assert "They decide nothing." in facts and "promote" not in facts
    assert "Ship" not in header
