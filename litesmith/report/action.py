"""What to do after a decision: commands of this run, and its file."""

from dataclasses import dataclass
from pathlib import PurePosixPath

from litesmith.report.inputs import ReportInputs
from litesmith.wording import listed, run_options, shell


@dataclass(frozen=True)
class Command:
    """A command and what it is for."""

    purpose: str
    text: str


@dataclass(frozen=True)
class Action:
    """What to do, and the file in numbers.

    Attributes:
        answer: In a word or two.
        advice: In a sentence, empty where the commands say it.
        path: Of the file, from the folder where the commands are run.
        num_bytes: Of the file.
    """

    answer: str
    advice: str
    commands: tuple[Command, ...]
    no_rollback: str
    path: str
    num_bytes: int
    sha256: str


def action(inputs: ReportInputs) -> Action:
    """Return what to do after a decision, with the commands for it."""
    decision, path = inputs.decision, f"{inputs.folder}{inputs.final_file}"
    copied = f"cp {shell(path)} {shell(PurePosixPath(path).name)}"
    rollback = _rollback(inputs)
    commands = [*_promotion(inputs), Command("Copy the file", copied), *rollback]
    return Action(
        answer=_ANSWERS[decision.outcome] if not _is_synthetic(inputs) else "Run it on real images.",
        advice=_note(inputs),
        commands=tuple(commands),
        no_rollback="" if rollback else f"Nothing to roll back to: {_why_none(inputs)}.",
        path=path,
        num_bytes=decision.candidate.bytes,
        sha256=decision.candidate.sha256,
    )


def promote_command(inputs: ReportInputs) -> str:
    """Return the command that puts the final file in service."""
    return f"python -m tasks promote{inputs.options}"


def advice(inputs: ReportInputs) -> str:
    """Return in a sentence what follows from a decision."""
    decision = inputs.decision
    if decision.outcome == "promote":
        return f"`{promote_command(inputs)}` puts it in service."
    if decision.outcome == "in service":
        return "Nothing has to be done."
    if decision.outcome == "keep":
        if _is_synthetic(inputs):
            return (
                "Run it on the real data: `make run` takes the first source in params.yaml that it "
                "reaches."
            )
        held = [reason.name for reason in decision.reasons if reason.passed is False]
        return f"Look at {listed(held)}: each says what was seen, and what is asked for."
    who = "A person decides" if decision.outcome == "not comparable" else "A person may decide otherwise"
    return f"{who}: `{_by_a_person(inputs)}`."


def _note(inputs: ReportInputs) -> str:
    """Return the advice without the command that stands among the others."""
    text, command = advice(inputs), promote_command(inputs)
    if text.startswith(f"`{command}"):
        return ""
    return text.replace(f": `{_by_a_person(inputs)}`", "")


_ANSWERS = {
    "promote": "Promote it.",
    "keep": "Leave it.",
    "undecided": "Leave it, or decide yourself.",
    "in service": "Nothing.",
    "not comparable": "Decide yourself.",
}


def _is_synthetic(inputs: ReportInputs) -> bool:
    return inputs.results.validate.dataset.synthetic


def _by_a_person(inputs: ReportInputs) -> str:
    return f"{promote_command(inputs)} --by NAME --why TEXT"


def _promotion(inputs: ReportInputs) -> list[Command]:
    outcome = inputs.decision.outcome
    if outcome == "in service":
        return []
    if outcome == "promote":
        return [Command("Promote", promote_command(inputs))]
    return [Command("Promote against the decision", _by_a_person(inputs))]


def _rollback(inputs: ReportInputs) -> list[Command]:
    """Return the way back, if there is one."""
    decision, option = inputs.decision, run_options(inputs.params.data)
    if decision.released is None:
        return []
    if decision.outcome == "in service":
        before = inputs.version_before
        return [Command(f"Roll back to {before}", f"python -m tasks rollback{option}")] if before else []
    version = shell(decision.released.version or "")
    return [Command("Roll back, once promoted", f"python -m tasks rollback {version}{option}")]


def _why_none(inputs: ReportInputs) -> str:
    released = inputs.decision.released
    return f"{released.version} is the first version" if released else "nothing is in service yet"
