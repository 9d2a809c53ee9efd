"""Both doors on synthetic images, and a run that is killed in every way it can be."""

import hashlib
import re
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import psutil
import pytest
from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.filters import FlowRunFilter, FlowRunFilterParentTaskRunId, LogFilter
from prefect.client.schemas.objects import FlowRun

from litesmith.files import read_json, read_yaml, write_text, yaml_text
from tasks import catalog
from tasks.dag.step import Measured
from tasks.pipeline import PIPELINE
from tests.flows.marked import Commands
from tests.flows.served import OFTEN, SERVING, api, place_order, serve, tiny_project, wait_for_end

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("doors")]

STAGES = [one.name for one in PIPELINE]
_GONE_S = 10


@dataclass
class Story:
    """What was seen while one workspace was brought up to date under Prefect, killed three times on the way."""

    folder: Path
    left: dict[str, list[str]] = field(default_factory=dict)
    states: dict[str, tuple[str, str]] = field(default_factory=dict)
    said: dict[str, str] = field(default_factory=dict)
    scheduled: list[FlowRun] = field(default_factory=list)
    task_runs: list[tuple[str, str]] = field(default_factory=list)
    trials: set[str] = field(default_factory=set)
    artifacts: dict[str, Any] = field(default_factory=dict)
    logged: str = ""
    record: dict[str, Any] = field(default_factory=dict)
    status: str = ""
    kept: bool = False
    index: str = ""


@pytest.fixture(scope="module")
def story(reference: Commands, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Story]:
    """Tell the story; meanwhile the reference is made by the other core."""
    commands = Commands(tiny_project(tmp_path_factory.mktemp("story") / "ws"), OFTEN)
    seen = Story(commands.folder)
    try:
        _kill_the_flow(commands, seen)
        served = serve(commands)
        with SyncPrefectClient(api(commands)["PREFECT_API_URL"]) as client:
            _kill_dvc(commands, seen, client)
            _kill_the_training(commands, seen, client)
            _complete(commands, seen, client)
            _ask_at_the_other_door(reference, commands, seen)
            _ask_for_the_impossible(reference, seen)
        served.terminate()
        seen.left["serve"] = commands.left_after(2 * _GONE_S)
        yield seen
    finally:
        commands.stop()


def _kill_the_flow(commands: Commands, seen: Story) -> None:
    """Kill a flow that has a server of its own while it trains, after other commands asked for the workspace."""
    flow = commands.start("flows", "retrain")
    step = commands.find("-m", "tasks", "run", "baseline")
    # held still, so that it does not end while DVC asks
    step.suspend()
    seen.said["dvc"] = commands.run("dvc", "repro")[1]
    seen.said["dvc, finished step"] = commands.run(
        "dvc", "repro", "--force", "--single-item", "prepare"
    )[1]
    seen.kept = (commands.folder / catalog.TRAIN).exists()
    # its inputs are there and its outputs not yet, so that DVC has nothing to clear before the step is refused
    seen.said["dvc, another step"] = commands.run("dvc", "repro", "--single-item", "teach")[1]
    step.resume()
    seen.said["step"] = commands.run("tasks", "run", "prepare")[1]
    flow.kill()
    flow.wait()
    seen.left["flow"] = commands.left_after(_GONE_S)


def _kill_dvc(commands: Commands, seen: Story, client: SyncPrefectClient) -> None:
    """Kill DVC, if the machine allows while workers try networks, after two more runs asked for the workspace."""
    order = place_order(client)
    commands.find("-m", "tasks", "run", "baseline")
    second = place_order(client)
    seen.said["shell"] = _shell(commands, "flows", "retrain")[1]
    seen.states["second order"] = wait_for_end(commands, client, second)
    commands.wait_for(lambda: _workers(commands), "the sweep's workers")
    _dvc_at_work(commands).kill()
    seen.left["dvc"] = commands.left_after(_GONE_S, but=(*SERVING, "prefect.engine"))
    seen.states["dvc"] = wait_for_end(commands, client, order)


def _dvc_at_work(commands: Commands) -> psutil.Process:
    """Return the process of DVC that runs the step which runs now; another one waits for the next."""
    step = commands.running("-m", "tasks", "run")
    return next(one for one in step.parents() if one.cmdline()[-1].endswith("standby.py"))


def _workers(commands: Commands) -> bool:
    """Tell whether the sweep has its workers, or is over on this machine."""
    step = commands.running("-m", "tasks", "run")
    return step.cmdline()[-1] not in STAGES[: STAGES.index("sweep") + 1] or len(step.children()) > 2


def _kill_the_training(commands: Commands, seen: Story, client: SyncPrefectClient) -> None:
    order = place_order(client)
    commands.running("-m", "tasks", "run").kill()
    seen.left["training"] = commands.left_after(_GONE_S, but=(*SERVING, "prefect.engine"))
    seen.states["training"] = wait_for_end(commands, client, order)


def _complete(commands: Commands, seen: Story, client: SyncPrefectClient) -> None:
    """Order a run as a person does, let it complete, and look at what it left in Prefect and in the workspace."""
    code, seen.said["order"] = _shell(
        commands, "prefect", "deployment", "run", "retrain/on-demand", "--watch"
    )
    assert code == 0, seen.said["order"] + commands.log.read_text()[-4000:]
    seen.record = _last_record(commands.folder)
    seen.index = (commands.folder / catalog.INDEX).read_text()
    seen.status = commands.run("dvc", "status")[1]
    run = client.read_flow_run(seen.record["flow_run"])
    runs = client.read_task_runs(
        flow_run_filter=FlowRunFilter.model_validate({"id": {"any_": [run.id]}})
    )
    seen.task_runs = [(one.name, str(one.state_name)) for one in runs]
    logs = client.read_logs(LogFilter.model_validate({"flow_run_id": {"any_": [run.id]}}))
    seen.logged = "\n".join(line.message for line in logs)
    linked = FlowRunFilter(parent_task_run_id=FlowRunFilterParentTaskRunId(is_null_=False))
    seen.trials = {one.name for one in client.read_task_runs(flow_run_filter=linked)}
    seen.artifacts = {str(one.key): one.data for one in client.read_artifacts()}
    nightly = client.read_deployment_by_name("retrain/nightly").id
    planned = client.read_flow_runs(
        flow_run_filter=FlowRunFilter.model_validate({"state": {"name": {"any_": ["Scheduled"]}}})
    )
    seen.scheduled = [one for one in planned if one.deployment_id == nightly]


def _ask_at_the_other_door(reference: Commands, commands: Commands, seen: Story) -> None:
    """Run the flow in the workspace that `dvc repro` brought up to date."""
    reference.wait_for(lambda: not reference.alive(), "dvc repro", 900)
    reference.environment = api(commands)
    code, said = reference.run("flows", "retrain")
    assert code == 0, said + reference.log.read_text()[-4000:]
    seen.said["other door"] = said


def _ask_for_the_impossible(reference: Commands, seen: Story) -> None:
    """Ask DVC for a sparsity of 80, then take it back and have DVC bring back what it cleared."""
    params, model = reference.folder / catalog.PARAMS, reference.folder / catalog.PRUNED_MODEL
    held = model.read_bytes()
    before, wrong = params.read_text(), read_yaml(params)
    wrong["prune"]["pruning"]["final_sparsity"] = 80
    write_text(params, yaml_text(wrong))
    seen.said["impossible"] = reference.run("dvc", "repro")[1]
    params.write_text(before)
    seen.said["taken back"] = reference.run("dvc", "checkout")[1]
    assert model.read_bytes() == held, seen.said["taken back"]
    assert reference.run("dvc", "repro")[0] == 0


def _shell(commands: Commands, *command: str) -> tuple[int, str]:
    """Run a command in another terminal, as the invitation of ``flows serve`` says."""
    return Commands(commands.folder, api(commands)).run(*command)


def _last_record(folder: Path) -> dict[str, Any]:
    record: dict[str, Any] = read_json(max((folder / catalog.RUNS).glob("*.json")))
    return record


def _hashes(folder: Path) -> dict[str, str]:
    """Return the hash of every promised output that is no measurement."""
    ports = [port for one in PIPELINE for port in one.outs if not port.marked(Measured)]
    return {
        path.relative_to(folder).as_posix(): hashlib.sha256(path.read_bytes()).hexdigest()
        for port in ports
        for path in _files(folder / port.path)
    }


def _files(path: Path) -> list[Path]:
    return sorted(one for one in path.rglob("*") if one.is_file()) if path.is_dir() else [path]


@pytest.mark.parametrize("killed", ["flow", "dvc", "training", "serve"])
def test_a_kill_leaves_no_process_behind(story: Story, killed: str) -> None:
    assert story.left[killed] == []


def test_a_run_whose_dvc_or_training_was_killed_fails(story: Story) -> None:
    assert story.states["dvc"][0] == "Failed"
    assert "DVC ended with -9" in story.states["dvc"][1]
    assert story.states["training"][0] == "Failed"
    assert "DVC ended with 255" in story.states["training"][1]


def test_a_second_order_is_refused_with_the_reason(story: Story) -> None:
    assert story.states["second order"] == ("Cancelled", "Deployment concurrency limit reached.")


def test_a_busy_workspace_is_refused_at_every_door_with_its_holder(story: Story) -> None:
    for told in ("step", "dvc, another step"):
        assert (
            "error: this workspace is busy: held by `python -m flows retrain` (pid " in story.said[told]
        )
    assert (
        "error: this workspace is busy: held by `python -m prefect.engine` (pid " in story.said["shell"]
    )


def test_dvc_beside_a_running_step_is_refused_with_the_process_in_its_way(story: Story) -> None:
    holder = re.compile(r" is busy, it is being blocked by:\n  \(PID \d+\): python -m flows retrain\n")
    for told, stage in (("dvc", "fetch"), ("dvc, finished step", "prepare")):
        assert f"ERROR: failed to reproduce '{stage}': " in story.said[told]
        assert holder.search(story.said[told])
        assert "Running stage" not in story.said[told]


def test_what_a_finished_step_made_is_not_cleared_beside_a_run(story: Story) -> None:
    assert story.kept


def test_after_the_flow_dvc_finds_nothing_to_do(story: Story) -> None:
    assert story.status.strip() == "Data and pipelines are up to date."


def test_both_doors_make_the_same_bytes_even_after_kills(story: Story, reference: Commands) -> None:
    made = _hashes(story.folder)
    assert len(made) > 20
    assert made == _hashes(reference.folder)


def test_a_wrong_parameter_is_explained_and_what_dvc_cleared_comes_back(story: Story) -> None:
    assert "prune.pruning.final_sparsity must lie in [0, 1), got 80." in story.said["impossible"]
    assert "write 0.8 for 80 %" in story.said["impossible"]
    assert (
        "DVC cleared the outputs of prune before it began. `dvc repro prune` writes them once the cause above is removed"
        in story.said["impossible"]
    )
    assert "models/pruned.h5" in story.said["taken back"]


def test_after_dvc_the_flow_says_up_to_date_for_every_stage(story: Story, reference: Commands) -> None:
    record = _last_record(reference.folder)
    assert {stage: one["outcome"] for stage, one in record["stages"].items()} == dict.fromkeys(
        STAGES, "UpToDate"
    )
    assert [line for line in story.said["other door"].splitlines() if "nothing to do" in line] == [
        f"[{number}/{len(STAGES)}] {stage}: nothing to do"
        for number, stage in enumerate(STAGES, start=1)
    ]


def test_the_terminal_ends_with_the_table_and_the_report(story: Story, reference: Commands) -> None:
    *_, report, runs, run, took = story.said["other door"].strip().splitlines()
    assert report == f"report: {(reference.folder / catalog.REPORT).resolve()}"
    assert runs == f"runs:   {(reference.folder / catalog.INDEX).resolve()}"
    assert run.startswith("run:    ")
    assert took.startswith("took:   ")
    assert "SYNTHETIC IMAGES, not Fashion-MNIST" in story.said["other door"]
    assert "(final)" in story.said["other door"]


def test_every_stage_is_a_task_run_with_its_log(story: Story) -> None:
    names = dict(story.task_runs)
    assert set(STAGES) <= set(names)
    assert (names["fetch"], names["baseline"], names["report"]) == ("UpToDate", "UpToDate", "Completed")
    assert "python -m tasks run report" in story.logged


def test_every_trial_is_a_task_run_of_a_linked_subflow(story: Story) -> None:
    assert {"trial 0 rung 0", "trial 1 rung 0"} <= story.trials
    assert any(name.endswith("rung 1") for name in story.trials)


def test_prefect_shows_the_results_the_sweep_and_the_report(story: Story) -> None:
    assert {"results", "report", "sweep-leaderboard", "sweep-progress"} <= set(story.artifacts)
    assert "report.html" in str(story.artifacts["report"])
    assert "accuracy" in str(story.artifacts["sweep-leaderboard"])


def test_the_record_accounts_for_the_time(story: Story) -> None:
    record = story.record
    assert record["stages"]["report"]["outcome"] == "Completed"
    assert record["overhead_s"] == pytest.approx(record["wall_s"] - record["steps_wall_s"], abs=0.02)
    assert record["cpu_s"] > 0
    assert record["error"] is None


def test_the_index_lists_every_run_that_ended_with_what_became_of_it(story: Story) -> None:
    assert story.index.count("✗ Failed") >= 2
    assert f'href="archive/{max((story.folder / catalog.ARCHIVE).iterdir()).name}"' in story.index


def test_the_record_tells_what_starting_took_and_the_server_of_its_own(story: Story) -> None:
    assert story.record["startup_s"] > 0
    assert story.record["server_cpu_s"] is None
    assert (
        story.record["result"]["final"] == read_json(story.folder / catalog.results("evaluate"))["final"]
    )


def test_the_schedule_fires(story: Story) -> None:
    assert story.scheduled
    assert all(run.auto_scheduled for run in story.scheduled)
