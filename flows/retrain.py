"""The flow: walk DVC's own graph in its order, one task run for each stage."""

import time
from collections.abc import Callable, Mapping
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.artifacts import publish_refusal, publish_results
from flows.git import git_state
from flows.history import keep
from flows.ledger import Ledger, Outcome, StageError
from flows.machine import check_machine
from flows.progress import Progress, watcher
from flows.runs import RunRecord, last_times, made
from flows.sweep import conducting
from litesmith.data.download import require_named, resolve_named
from litesmith.device.registry import require
from litesmith.files import read_json
from litesmith.params.loading import read_params
from tasks import catalog
from tasks.dag.lock import holding
from tasks.dag.user import provide_user
from tasks.dag.watch import heed_hang_up, watch_starters
from tasks.profiles import profile_title
from tasks.workspace import open_workspace


@flow(name="retrain", persist_result=False)
def retrain(profile: str | list[str] | None = None) -> str:
    """Bring every stage up to date.

    Args:
        profile: Name of an overlay in ``profiles/``, or several, which are laid over each other in their order: the run
            then happens in a workspace of its own and touches nothing of the project. None runs in the project.

    Returns:
        The path of the run's record, ``reports/runs/<id>.json``.

    Raises:
        BusyError: Another run holds the workspace.
        MachineError: Disk or memory is short, or a tool that measures is asked for and not installed.
        SourcesError: A source of the data set that somebody names does not have it.
        ParamsError: There is no such profile, or a value is out of its bounds.
        StageError: A stage failed.
    """
    watch_starters()
    heed_hang_up()
    project = Path.cwd()
    provide_user(project)
    record = RunRecord(
        str(flow_run.get_name()), str(flow_run.get_id()), profile_title(profile), git_state(project)
    )
    root = open_workspace(project, profile)
    with holding(root):
        try:
            _walk(root, record)
        except BaseException as error:
            record.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            path = record.write(root)
            keep(root, path, record.page)
        # Under the lock: the next run clears what is read here.
        publish_results(root)
    return str(path)


def _walk(root: Path, record: RunRecord) -> None:
    """Run each stage as a task run of its name, in DVC's order, until one fails."""
    params, screen = read_params(root / catalog.PARAMS), watcher()
    # The command of a terminal has looked already, before it started a server.
    if not screen:
        check_machine(params.retrain, root)
        require(params.evaluate.measure)
        resolve_named(params.fetch.sources)
        require_named(params.fetch, params.dataset)
    with Ledger(root) as ledger:
        order = ledger.stages()
        if screen:
            # With a profile not the project's times: they are of full size.
            screen.plan(order, _times(root, order))
        for stage in order:
            _take(ledger, stage, params.retrain.stage_limit_s, record)
    record.page = root / catalog.REPORT


def _take(ledger: Ledger, stage: str, limit_s: float, record: RunRecord) -> None:
    """Run one stage as a task run and note what came of it."""
    began = time.monotonic()
    run = run_stage.with_options(name=stage, task_run_name=stage)
    try:
        state = run(ledger, stage, limit_s, return_state=True)
        state.result()
        ledger.guard(stage)
    except BaseException as error:
        record.fail(stage, time.monotonic() - began)
        if isinstance(error, StageError):
            record.page = _refused(ledger.root, stage, time.time() - (time.monotonic() - began))
        raise
    record.note(ledger.root, stage, Outcome(str(state.name)), time.monotonic() - began)


@task(cache_policy=NO_CACHE, persist_result=False)
def run_stage(ledger: Ledger, stage: str, limit_s: float) -> State[None]:
    """Ask DVC whether a stage is stale and, if so, let DVC run it; the state's name tells what happened."""
    log, screen = get_run_logger(), watcher()
    if screen:
        screen.begin(stage)
    try:
        outcome = _bring_up_to_date(ledger, stage, limit_s, log.info, screen)
    except BaseException:
        if screen:
            screen.fail()
        raise
    if screen:
        screen.end(outcome)
    return Completed(name=outcome.value, message=f"{stage}: {outcome.value}")


def _bring_up_to_date(
    ledger: Ledger, stage: str, limit_s: float, log: Callable[[str], None], screen: Progress | None
) -> Outcome:
    if not ledger.is_stale(stage):
        log("nothing to do: DVC finds every input, parameter and output as recorded")
        return Outcome.UP_TO_DATE

    def _tell(line: str) -> None:
        log(line)
        if screen:
            screen.line(line)

    with conducting((ledger.root / catalog.LOCK).parent) as environment:
        return ledger.reproduce(stage, _tell, time_limit_s=limit_s, extra=environment)


def _times(root: Path, order: list[str]) -> Mapping[str, float]:
    """Return how long each stage took when the outputs below ``root`` were made; what never ran is missing.

    A fresh clone has the committed summary, which its own step is not in, and the records of runs.
    """
    path = root / catalog.SUMMARY
    committed = read_json(path).get("made", {}) if path.is_file() else {}
    records = {stage: made(root, stage) or committed.get(stage, {}) for stage in order}
    known = {stage: float(record["wall_s"]) for stage, record in records.items() if "wall_s" in record}
    return {**last_times(root), **known}


def _refused(root: Path, stage: str, since: float) -> Path | None:
    """Link and return the page that a stage left if it refused; one from before ``since`` is of another refusal."""
    page = publish_refusal(root, stage, since)
    if page:
        get_run_logger().error("see %s", page)
    return page
