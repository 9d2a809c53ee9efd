"""The flow: DVC's stages in order, a task run for each."""

import time
from pathlib import Path

from prefect import flow, get_run_logger, task
from prefect.cache_policies import NO_CACHE
from prefect.client.schemas.objects import State
from prefect.runtime import flow_run
from prefect.states import Completed

from flows.artifacts import publish_refusal, publish_results
from flows.decisions import conclude, publish_decision
from flows.history import archive
from flows.precheck import check
from flows.progress import WATCHER, Forecast
from flows.runs import RunLog, step_times
from flows.sources import is_stale
from flows.stages import StageError, Stages
from flows.sweep import run_context
from litesmith.params.loading import read_params
from litesmith.records.run import Outcome
from litesmith.wording import run_options
from tasks import catalog
from tasks.dag.git import git_state
from tasks.dag.lock import RUN_VARIABLE, changing_batches, holding
from tasks.dag.user import provide_user
from tasks.dag.watch import end_on_hang_up, watch_starters
from tasks.incoming import record_versions, require_complete
from tasks.profiles import profile_title
from tasks.workspace import open_workspace


@flow(name="retrain", persist_result=False)
def retrain(profile: str | list[str] | None = None, data: str | None = None) -> str:
    """Bring every stage up to date, and log the decision on the model.

    Args:
        profile: Name of an overlay in ``profiles/``, or several, which are laid over each other in their
            order: the run then has a workspace of its own.
        data: Name of a data set in ``datasets/``, which has a workspace of its own too. None, or the
            project's own, with no profile runs in the project.

    Returns:
        The path of the run's record, ``reports/runs/<id>.json``.

    Raises:
        BusyError: Another run holds the workspace.
        DataError: Batches that DVC has recorded are not here.
        MachineError, SourcesError: As `flows.precheck.check`.
        ParamsError: There is no such profile or data set, or a value is out of its bounds.
        StageError: A stage failed.
    """
    watch_starters()
    end_on_hang_up()
    project = Path.cwd()
    provide_user(project)
    name, flow_id = str(flow_run.get_name()), str(flow_run.get_id())
    log = RunLog(name, flow_id, profile_title(profile), git_state(project))
    root = open_workspace(project, profile, data)
    with holding(root):
        try:
            _record_batches(project, root)
            _walk(root, log)
            conclusion = conclude(project, root, run_options(data, profile_title(profile)))
        except BaseException as error:
            log.error = f"{type(error).__name__}: {error}"
            raise
        finally:
            path = log.write(root)
            archive(root, path, log.page)
        # Under the lock: the next run clears what is read here.
        publish_results(root)
        if conclusion:
            publish_decision(conclusion, read_params(root / catalog.PARAMS).retrain)
    return str(path)


def _record_batches(project: Path, root: Path) -> None:
    """Let DVC record the batches that have arrived.

    Raises:
        DataError: Batches that DVC has recorded are not here.
        MachineError: DVC fails.
    """
    if (project / catalog.INCOMING).is_symlink():
        return  # a workspace, whose batches are recorded in its project
    key = read_params(root / catalog.PARAMS).dataset.key
    with changing_batches(project):
        require_complete(project, key)
        if is_stale(project, key):
            get_run_logger().info("batches: %s", record_versions(project, key))


def _walk(root: Path, log: RunLog) -> None:
    """Run each stage as a task run, until a stage fails."""
    params, screen = read_params(root / catalog.PARAMS), WATCHER.get()
    # The command of a terminal has checked already, before it started a server.
    if not screen:
        check(params, root)
    with Stages(root) as stages:
        order = stages.names()
        if screen:
            # With a profile not the project's times: they are of full size.
            screen.forecast = Forecast(step_times(root), order)
        for stage in order:
            _run_noted(stages, stage, params.retrain.stage_limit_s, log)
    log.page = root / catalog.REPORT


def _run_noted(stages: Stages, stage: str, limit_s: float, log: RunLog) -> None:
    """Run a stage as a task run and note its outcome."""
    began = time.monotonic()
    run = run_stage.with_options(name=stage, task_run_name=stage)
    try:
        state = run(stages, stage, limit_s, log.id, return_state=True)
        state.result()
        stages.guard(stage)
    except BaseException as error:
        log.note(stages.root, stage, Outcome.FAILED, time.monotonic() - began)
        if isinstance(error, StageError):
            log.page = publish_refusal(stages.root, stage, time.time() - (time.monotonic() - began))
        raise
    log.note(stages.root, stage, Outcome(str(state.name)), time.monotonic() - began)


@task(cache_policy=NO_CACHE, persist_result=False)
def run_stage(stages: Stages, stage: str, limit_s: float, run: str) -> State[None]:
    """Let DVC run a stage, if it is stale, for the run ``run``."""
    log, screen = get_run_logger(), WATCHER.get()

    def _show(line: str) -> None:
        log.info(line)
        if screen:
            screen.line(line)

    outcome = Outcome.FAILED
    if screen:
        screen.begin(stage)
    try:
        if stages.is_stale(stage):
            with run_context((stages.root / catalog.LOCK).parent) as environment:
                extra = {**environment, RUN_VARIABLE: run}
                outcome = stages.reproduce(stage, _show, time_limit_s=limit_s, extra=extra)
        else:
            log.info("nothing to do: DVC finds every input, parameter and output as recorded")
            outcome = Outcome.UP_TO_DATE
    finally:
        if screen:
            screen.end(outcome)
    return Completed(name=outcome.value, message=f"{stage}: {outcome.value}")
