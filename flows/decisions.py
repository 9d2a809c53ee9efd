"""What follows a decision: a line, maybe a promotion, and who is told."""

import inspect
from dataclasses import dataclass
from pathlib import Path

from prefect import get_run_logger
from prefect.artifacts import create_markdown_artifact
from prefect.blocks.abstract import NotificationBlock
from prefect.blocks.core import Block
from prefect.events import emit_event
from prefect.utilities.asyncutils import run_coro_as_sync

from litesmith.errors import LitesmithError
from litesmith.params.loading import read_params
from litesmith.params.sections.retrain import RetrainParams
from litesmith.records.service.judge import Decision
from litesmith.release.registry import Candidate, Order, Registry, read_candidate
from tasks import catalog
from tasks.commands.releases import describe, promote_run
from tasks.dag.lock import changing_releases
from tasks.releasing import revision

EVENT = "litesmith.decision"
_REFUSED = ("keep", "undecided")


@dataclass(frozen=True)
class Conclusion:
    """A decision and what was made of it.

    Attributes:
        decision: The run's.
        is_new: Whether no run before has told it.
        done: What was done or what a person may do, in words.
        promoted: The version that the run put in service, None if it put none.
    """

    decision: Decision
    is_new: bool
    done: str
    promoted: str | None = None


def conclude(project: Path, root: Path, options: str) -> Conclusion | None:
    """Log the decision of a run, and promote its model if decided and allowed.

    The caller holds the run's folder. What goes wrong with a promotion is logged, and fails no run: its
    stages are done.

    Args:
        project: The folder that has the registry.
        root: The folder of the run, the project itself or a workspace.
        options: Those that choose the run in a command, such as `` --profile nightly``.

    Returns:
        None where nothing was judged.

    Raises:
        DataError: The decision or the registry cannot be read.
        BusyError: Another process changes the registry for long.
        MachineError: A file cannot be written.
    """
    if not (root / catalog.DECISION).is_file():
        return None
    candidate = read_candidate(root / catalog.PACKAGE, root / catalog.DECISION)
    decision, params = candidate.decision, read_params(root / catalog.PARAMS).retrain
    if (project / catalog.RELEASES).is_symlink():
        done = f"{project} is a workspace: the releases of its project stay as they are."
        return Conclusion(decision, True, done)
    registry = Registry(project / catalog.RELEASES)
    with changing_releases(project):
        registry.repair()
        line = registry.judged(candidate)
        if line and decision.outcome in _REFUSED:
            registry.quarantine(candidate, line, params.max_archived)
    is_new = line is not None
    if params.promote == "when decided" and _is_open(registry, candidate):
        try:
            change = promote_run(project, root, Order(None, "", revision(project)))
        except LitesmithError as error:
            get_run_logger().error("not promoted: %s", error)
            return Conclusion(decision, is_new, f"Not promoted: {error}")
        return Conclusion(decision, True, describe(change), change.version)
    return Conclusion(decision, is_new, _advice(decision, options))


def _is_open(registry: Registry, candidate: Candidate) -> bool:
    """Tell whether a decision says promote and no run has tried that in vain."""
    present = registry.in_service(candidate.key)
    if candidate.decision.outcome != "promote" or (
        present and present.model_sha256 == candidate.decision.candidate.sha256
    ):
        return False
    return not registry.log().refused(candidate.decision_sha256)


def _advice(decision: Decision, options: str) -> str:
    command = f"python -m tasks promote{options}"
    if decision.outcome == "promote":
        return f"It waits for a person: `{command}`."
    if decision.outcome in ("not comparable", "undecided"):
        return f'A person decides: `{command} --by NAME --why "TEXT"`.'
    return "Nothing has to be done."


def publish_decision(conclusion: Conclusion, params: RetrainParams) -> None:
    """Show a decision in the current flow run, and tell of a new one."""
    decision = conclusion.decision
    rows = [f"| {gate.name} | {_mark(gate.passed)} | {_cell(gate.text)} |" for gate in decision.reasons]
    lines = [
        f"**{decision.outcome}**: {decision.headline}", "", conclusion.done, "",
        "| Gate | Passed | Why |", "|---|---|---|", *rows,
    ]  # fmt: skip
    create_markdown_artifact("\n".join(lines), key="decision", description=decision.headline)
    if not conclusion.is_new:
        return
    key = f"{decision.dataset}/{decision.device}"
    emit_event(
        EVENT,
        resource={
            "prefect.resource.id": f"litesmith.model.{decision.dataset}.{decision.device}",
            "prefect.resource.name": key,
        },
        payload={
            "outcome": decision.outcome,
            "headline": decision.headline,
            "candidate": decision.candidate.sha256,
            "released": decision.released.version if decision.released else None,
            "promoted": conclusion.promoted,
            "done": conclusion.done,
        },
    )
    if params.notify:
        _notify(params.notify, f"litesmith, {key}: {decision.outcome}", conclusion)


def _notify(name: str, subject: str, conclusion: Conclusion) -> None:
    """Send a decision through a block of the Prefect server; log what goes wrong."""
    import prefect.blocks.notifications  # noqa: F401 - the blocks that Prefect brings

    try:
        block = Block.load(name)
        if not isinstance(block, NotificationBlock):
            raise TypeError(f"it is a {type(block).__name__}, and a notification block was expected")
        body = f"{conclusion.decision.headline}\n{conclusion.done}"
        # Those of Prefect have sent it by now, others may return what is still to be awaited.
        sent: object = block.notify(body=body, subject=subject)
        if inspect.iscoroutine(sent):
            run_coro_as_sync(sent)
    except Exception as error:  # whatever a block of the user raises
        get_run_logger().error("retrain.notify: %s was not told: %s", name, error)


def _mark(passed: bool | None) -> str:
    return {True: "yes", False: "**no**", None: "cannot tell"}[passed]


def _cell(text: str) -> str:
    return text.replace("|", "\\|").replace("\n", " ")
