"""DVC and the flow on synthetic images, and a run that is killed in every possible way."""

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentTaskRunId, LogFilter
from prefect.client.schemas.objects import FlowRun

from benchmarks.kills.projects import hashes
from litesmith.files import read_json, read_yaml, write_text, yaml_text
from tasks import catalog
from tasks.pipeline import PIPELINE
from tests.flows.marked import Commands
from tests.flows.served import OFTEN, SERVING, api, place_order, serve, tiny_project, wait_for_end

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]

STAGES = [step.name for step in PIPELINE]
_GONE_S = 10


@dataclass
class Observations:
    """A workspace that was brought up to date under Prefect and killed three times meanwhile."""

    folder: Path
    left: dict[str, list[str]] = field(default_factory=dict)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    outputs: dict[str, str] = field(default_factory=dict)
    scheduled: list[FlowRun] = field(default_factory=list)
    task_runs: list[tuple[str, str]] = field(default_factory=list)
    trials: set[str] = field(default_factory=set)
    artifacts: dict[str, Any] = field(default_factory=dict)
    logged: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    outputs_stayed: bool = False
    index: str = ""


@pytest.fixture(scope="module")
def observed(
    reference: Commands,
    tmp_path_factory: pytest.TempPathFactory,
    with_database: Callable[[Path], Path],
) -> Iterator[Observations]:
    """Kill and complete runs; meanwhile the other core builds the reference."""
    commands = Commands(with_database(tiny_project(tmp_path_factory.mktemp("story") / "ws")), OFTEN)
    seen = Observations(commands.folder)
    try:
        _kill_the_flow(commands, seen)
        served = serve(commands)
        with SyncPrefectClient(api(commands)["PREFECT_API_URL"]) as client:
            _kill_dvc(commands, seen, client)
            _kill_the_training(commands, seen, client)
            _complete(commands, seen, client)
            _run_the_flow_after_dvc(reference, commands, seen)
            _run_with_a_wrong_parameter(reference, seen)
        served.terminate()
        seen.left["serve"] = commands.left_after(2 * _GONE_S)
        yield seen
    finally:
        commands.stop()


def _kill_the_flow(commands: Commands, seen: Observations) -> None:
    """Kill a flow with its own server while it trains, after other commands wanted the workspace."""
    flow = commands.start("flows", "retrain")
    step = commands.find("-m", "tasks", "run", "baseline")
    # suspended, so that it does not end while DVC tries
    step.suspend()
    seen.outputs["dvc"] = commands.run("dvc", "repro")[1]
    seen.outputs["dvc, finished step"] = commands.run(
        "dvc", "repro", "--force", "--single-item", "prepare"
    )[1]
    seen.outputs_stayed = (commands.folder / catalog.TRAIN).exists()
    # its inputs exist and its outputs not yet: DVC has nothing to clear before the step is refused
    seen.outputs["dvc, another step"] = commands.run("dvc", "repro", "--single-item", "teach")[1]
    step.resume()
    seen.outputs["step"] = commands.run("tasks", "run", "prepare")[1]
    flow.kill()
    flow.wait()
    seen.left["flow"] = commands.left_after(_GONE_S)


def _kill_dvc(commands: Commands, seen: Observations, client: SyncPrefectClient) -> None:
    """Kill DVC, while workers try networks if the machine allows, after two more runs were ordered."""
    order = place_order(client)
    commands.find("-m", "tasks", "run", "baseline")
    second = place_order(client)
    seen.outputs["shell"] = _shell(commands, "flows", "retrain")[1]
    seen.states["second order"] = wait_for_end(commands, client, second)
    commands.wait_for(lambda: _workers(commands), "the sweep's workers")
    _dvc_at_work(commands).kill()
    seen.left["dvc"] = commands.left_after(_GONE_S, but=(*SERVING, "prefect.engine"))
    seen.states["dvc"] = wait_for_end(commands, client, order)


def _dvc_at_work(commands: Commands) -> psutil.Process:
    """Return the process of DVC that runs the present step; another process waits for the next."""
    step = commands.running("-m", "tasks", "run")
    return next(parent for parent in step.parents() if parent.cmdline()[-1].endswith("standby.py"))


def _workers(commands: Commands) -> bool:
    """Tell whether the sweep has its workers, or is over on this machine."""
    step = commands.running("-m", "tasks", "run")
    return step.cmdline()[-1] not in STAGES[: STAGES.index("sweep") + 1] or len(step.children()) > 2


def _kill_the_training(commands: Commands, seen: Observations, client: SyncPrefectClient) -> None:
    order = place_order(client)
    commands.running("-m", "tasks", "run").kill()
    seen.left["training"] = commands.left_after(_GONE_S, but=(*SERVING, "prefect.engine"))
    seen.states["training"] = wait_for_end(commands, client, order)


def _complete(commands: Commands, seen: Observations, client: SyncPrefectClient) -> None:
    """Order a run as a user does, let it complete, and read its results in Prefect and workspace."""
    code, seen.outputs["order"] = _shell(
        commands, "prefect", "deployment", "run", "retrain/on-demand", "--watch"
    )
    assert code == 0, seen.outputs["order"] + commands.log.read_text()[-4000:]
    seen.record = _last_record(commands.folder)
    seen.index = (commands.folder / catalog.INDEX).read_text()
    seen.status = commands.run("dvc", "status")[1]
    run = client.read_flow_run(seen.record["flow_run"])
    runs = client.read_task_runs(
        flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
    )
    seen.task_runs = [(task.name, str(task.state_name)) for task in runs]
    logs = client.read_logs(LogFilter.model_validate({"flow_run_id": {"any_": [run.id]}}))
    seen.logged = "\n".join(line.message for line in logs)
    linked = FlowRunFilter(parent_task_run_id=FlowRunFilterParentTaskRunId(is_null_=False))
    seen.trials = {task.name for task in client.read_task_runs(flow_run_filter=linked)}
    seen.artifacts = {str(artifact.key): artifact.data for artifact in client.read_artifacts()}
    nightly = client.read_deployment_by_name("retrain/nightly").id
    scheduled_runs = client.read_flow_runs(
        flow_run_filter=FlowRunFilter.model_validate({"state": {"name": {"any_": ["Scheduled"]}}})
    )
    seen.scheduled = [run for run in scheduled_runs if run.deployment_id == nightly]


def _run_the_flow_after_dvc(reference: Commands, commands: Commands, seen: Observations) -> None:
    """Run the flow in the workspace that `dvc repro` brought up to date."""
    reference.wait_for(lambda: not reference.alive(), "dvc repro", 900)
    reference.environment = api(commands)
    code, output = reference.run("flows", "retrain")
    assert code == 0, output + reference.log.read_text()[-4000:]
    seen.outputs["flow after dvc"] = output


def _run_with_a_wrong_parameter(reference: Commands, seen: Observations) -> None:
    """Let DVC run with a sparsity of 80, then undo it and let DVC restore what it cleared."""
    params, model = reference.folder / catalog.PARAMS, reference.folder / catalog.PRUNED_MODEL
    content = model.read_bytes()
    before, wrong = params.read_text(), read_yaml(params)
    wrong["prune"]["pruning"]["final_sparsity"] = 80
    write_text(params, yaml_text(wrong))
    seen.outputs["wrong parameter"] = reference.run("dvc", "repro")[1]
    params.write_text(before)
    seen.outputs["checkout"] = reference.run("dvc", "checkout")[1]
    assert model.read_bytes() == content, seen.outputs["checkout"]
    assert reference.run("dvc", "repro")[0] == 0


def _shell(commands: Commands, *command: str) -> tuple[int, str]:
    """Run a command in another terminal, as the invitation of ``flows serve`` describes."""
    return Commands(commands.folder, api(commands)).run(*command)


def _last_record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = read_json(max((folder / catalog.RUNS).glob("*.json")))
    return record


@pytest.mark.parametrize("killed", ["flow", "dvc", "training", "serve"])
def test_a_kill_leaves_no_process_behind(observed: Observations, killed: str) -> None:
    assert observed.left[killed] == []


def test_a_run_whose_dvc_or_training_was_killed_fails(observed: Observations) -> None:
    assert observed.states["dvc"][0] == "Failed"
    assert "DVC ended with -9" in observed.states["dvc"][1]
    assert observed.states["training"][0] == "Failed"
    assert "DVC ended with 255" in observed.states["training"][1]


def test_a_second_order_is_refused_with_the_reason(observed: Observations) -> None:
    assert observed.states["second order"] == ("Cancelled", "Deployment concurrency limit reached.")


def test_a_busy_workspace_is_refused_to_every_command_with_its_holder(observed: Observations) -> None:
    for key in ("step", "dvc, another step"):
        assert (
            "error: this workspace is busy: held by `python -m flows retrain` (pid "
            in observed.outputs[key]
        )
    assert (
        "error: this workspace is busy: held by `python -m prefect.engine` (pid "
        in observed.outputs["shell"]
    )


def test_dvc_beside_a_running_step_is_refused_with_the_process_in_its_way(
    observed: Observations,
) -> None:
    holder = re.compile(r" is busy, it is being blocked by:\n  \(PID \d+\): python -m flows retrain\n")
    for key, stage in (("dvc", "fetch"), ("dvc, finished step", "prepare")):
        assert f"ERROR: failed to reproduce '{stage}': " in observed.outputs[key]
        assert holder.search(observed.outputs[key])
        assert "Running stage" not in observed.outputs[key]


def test_outputs_of_a_finished_step_are_not_cleared_beside_a_run(observed: Observations) -> None:
    assert observed.outputs_stayed


def test_after_the_flow_dvc_finds_nothing_to_do(observed: Observations) -> None:
    assert observed.status.strip() == "Data and pipelines are up to date."


def test_dvc_and_the_flow_write_the_same_bytes_even_after_kills(
    observed: Observations, reference: Commands
) -> None:
    made = hashes(observed.folder)
    assert len(made) > 20
    assert made == hashes(reference.folder)


def test_a_wrong_parameter_is_explained_and_what_dvc_cleared_comes_back(observed: Observations) -> None:
    assert (
        "prune.pruning.final_sparsity must lie in [0, 1), got 80." in observed.outputs["wrong parameter"]
    )
    assert "write 0.8 for 80 %" in observed.outputs["wrong parameter"]
    assert (
        "DVC cleared the outputs of prune before it began. "
        "`dvc repro prune` writes them once the cause above is removed"
        in observed.outputs["wrong parameter"]
    )
    assert "models/pruned.h5" in observed.outputs["checkout"]


def test_after_dvc_the_flow_shows_up_to_date_for_every_stage(
    observed: Observations, reference: Commands
) -> None:
    record = _last_record(reference.folder)
    assert {name: stage["outcome"] for name, stage in record["stages"].items()} == dict.fromkeys(
        STAGES, "UpToDate"
    )
    assert [
        line for line in observed.outputs["flow after dvc"].splitlines() if "nothing to do" in line
    ] == [
        f"[{number}/{len(STAGES)}] {stage}: nothing to do"
        for number, stage in enumerate(STAGES, start=1)
    ]


def test_the_terminal_ends_with_the_table_and_the_report(
    observed: Observations, reference: Commands
) -> None:
    *_, report, runs, run, took = observed.outputs["flow after dvc"].strip().splitlines()
    assert report == f"report: {(reference.folder / catalog.REPORT).resolve()}"
    assert runs == f"runs:   {(reference.folder / catalog.INDEX).resolve()}"
    assert run.startswith("run:    ")
    assert took.startswith("took:   ")
    assert "SYNTHETIC IMAGES. " in observed.outputs["flow after dvc"]
    assert "(final)" in observed.outputs["flow after dvc"]


def test_every_stage_is_a_task_run_with_its_log(observed: Observations) -> None:
    names = dict(observed.task_runs)
    assert set(STAGES) <= set(names)
    assert (names["fetch"], names["baseline"], names["report"]) == ("UpToDate", "UpToDate", "Completed")
    assert "python -m tasks run report" in observed.logged


def test_every_trial_is_a_task_run_of_a_linked_subflow(observed: Observations) -> None:
    assert {"trial 0 rung 0", "trial 1 rung 0"} <= observed.trials
    assert any(name.endswith("rung 1") for name in observed.trials)


def test_prefect_shows_the_results_the_sweep_and_the_report(observed: Observations) -> None:
    assert {"results", "report", "sweep-leaderboard", "sweep-progress"} <= set(observed.artifacts)
    assert "report.html" in str(observed.artifacts["report"])
    assert "accuracy" in str(observed.artifacts["sweep-leaderboard"])


def test_the_record_accounts_for_the_time(observed: Observations) -> None:
    record = observed.record
    assert record["stages"]["report"]["outcome"] == "Completed"
    assert record["overhead_s"] == pytest.approx(record["wall_s"] - record["steps_wall_s"], abs=0.02)
    assert record["cpu_s"] > 0
    assert record["error"] is None


def test_the_index_lists_every_run_that_ended_with_its_outcome(observed: Observations) -> None:
    assert observed.index.count("✗ Failed") >= 2
    assert f'href="archive/{max((observed.folder / catalog.ARCHIVE).iterdir()).name}"' in observed.index


def test_the_record_has_the_startup_time_and_no_time_of_another_server(observed: Observations) -> None:
    assert observed.record["startup_s"] > 0
    assert observed.record["server_cpu_s"] is None
    assert (
        observed.record["result"]["final"]
        == read_json(observed.folder / catalog.results("evaluate"))["final"]
    )


def test_the_schedule_fires(observed: Observations) -> None:
    assert observed.scheduled
    assert all(run.auto_scheduled for run in observed.scheduled)
