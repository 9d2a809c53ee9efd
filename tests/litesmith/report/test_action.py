"""Tests of litesmith.report.action: commands of this very run, and the file that they are about."""

import dataclasses
import re

import pytest

from litesmith.records.service.judge import Decision
from litesmith.report.action import action
from litesmith.report.inputs import ReportInputs
from litesmith.wording import count
from tests.litesmith.report.report_inputs import decided, render, report_inputs, with_value

IN_SERVICE = "a" * 64
PROMOTE, COPY = "python -m tasks promote", "cp models/final.tflite final.tflite"
BY = f"{PROMOTE} --by NAME --why TEXT"


def judged(decision: Decision) -> ReportInputs:
    return dataclasses.replace(report_inputs(), decision=decision)


@pytest.mark.parametrize(
    ("decision", "answer", "commands"),
    [
        (decided(), "Promote it.", [PROMOTE, COPY, "python -m tasks rollback v-1"]),
        (decided(first=True), "Promote it.", [PROMOTE, COPY]),
        (decided(0, 200), "Leave it.", [BY, COPY, "python -m tasks rollback v-1"]),
        (decided(12, 10), "Leave it, or decide yourself.", [BY, COPY, "python -m tasks rollback v-1"]),
        (decided(0, 0, released_sha256=IN_SERVICE), "Nothing.", [COPY]),
    ],
)
def test_commands_follow_from_the_decision(decision: Decision, answer: str, commands: list[str]) -> None:
    told = action(judged(decision))
    assert (told.answer, [command.text for command in told.commands]) == (answer, commands)
    assert bool(told.no_rollback) == (not any("rollback" in command for command in commands))


def test_a_rollback_is_offered_where_there_is_a_version_to_go_back_to() -> None:
    first = judged(decided(0, 0, released_sha256=IN_SERVICE))
    assert action(first).no_rollback == "Nothing to roll back to: v-1 is the first version."
    told = action(dataclasses.replace(first, version_before="v-0"))
    assert (told.commands[-1].purpose, told.commands[-1].text, told.no_rollback) == (
        "Roll back to v-0", "python -m tasks rollback", ""
    )  # fmt: skip
    nothing = action(judged(decided(first=True)))
    assert nothing.no_rollback == "Nothing to roll back to: nothing is in service yet."


def test_commands_of_a_workspace_name_it() -> None:
    inputs = with_value(report_inputs(), "params", "data", value="my cats")
    inputs = dataclasses.replace(inputs, folder=".workspaces/my cats/")
    assert [command.text for command in action(inputs).commands] == [
        "python -m tasks promote --data 'my cats'",
        "cp '.workspaces/my cats/models/final.tflite' final.tflite",
        "python -m tasks rollback v-1 --data 'my cats'",
    ]


def test_a_command_that_stands_among_the_others_is_not_said_twice() -> None:
    assert action(judged(decided())).advice == ""
    assert action(judged(decided(12, 10))).advice == "A person may decide otherwise."
    assert action(judged(decided(0, 200))).advice.startswith("Look at comparison, classes and flips: ")


@pytest.mark.usefixtures("undrawn")
def test_the_file_stands_with_path_size_and_hash_and_no_link_that_dies_in_a_copy_of_the_page() -> None:
    inputs = report_inputs()
    page = render(inputs)
    header = page.partition("</header>")[0]
    assert "<dt>File</dt><dd><code>models/final.tflite</code>" in header
    assert "Another run replaces it there; DVC's cache keeps it" in header
    assert not [
        link for link in re.findall(r'href="([^"]*)"', page) if not re.match("#|data:|https:", link)
    ]
    size, digest = inputs.decision.candidate.bytes, inputs.decision.candidate.sha256
    assert f"{count(size)} bytes, SHA-256 <code>{digest}</code>".replace("\u2009", "\u202f") in header


@pytest.mark.usefixtures("undrawn")
def test_date_run_and_revision_stand_on_top_as_recorded() -> None:
    inputs = report_inputs()
    source = " ".join(render(inputs).partition("<h1")[0].partition("<header>")[2].split())
    assert "decided 30 Nov 2026, 23:35 UTC (1 Dec, 00:35 local, UTC+1)" in source
    assert "run 20261130T231500Z-lyrebird · revision <code>0e6b526</code>" in source
    for step in inputs.provenance:
        inputs = with_value(inputs, "provenance", step, "made", value=None)
    assert "date, run and revision were not recorded" in render(inputs)
