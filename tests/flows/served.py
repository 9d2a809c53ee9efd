"""A small project whose deployments are served, for tests that order runs of it."""

import shutil
import socket
import subprocess
from pathlib import Path

from prefect.client.orchestration import SyncPrefectClient
from prefect.client.schemas.objects import FlowRun

from litesmith.files import read_yaml
from tasks.profiles import profile_overlays
from tasks.workspace import make_workspace
from tests.conftest import change_dataset
from tests.flows.marked import Commands

ROOT = Path(__file__).parents[2]

# Processes of a served project without a run.
SERVING = ("flows serve", "flows.serving.watched", "resource_tracker")

# A worker polls every ten seconds by default.
OFTEN = {"PREFECT_WORKER_QUERY_SECONDS": "1"}


# Base of the tiny project.
FEW = {**read_yaml(ROOT / "datasets/synthetic.yaml")["base"], "num_train": 800, "num_test": 200}


def tiny_project(folder: Path) -> Path:
    """Create a project in which the whole pipeline runs on synthetic images in seconds."""
    tiny = read_yaml(Path(__file__).with_name("tiny.yaml"))
    make_workspace(folder, ROOT, *profile_overlays(ROOT, "synthetic"), tiny)
    change_dataset(folder, base=FEW, min_per_class=1)
    # Required by `flows serve`.
    shutil.copy(ROOT / "prefect.yaml", folder)
    shutil.copytree(ROOT / "profiles", folder / "profiles")
    return folder


def serve(commands: Commands) -> subprocess.Popen[bytes]:
    """Serve the project of ``commands`` and return the process once it accepts orders."""
    process = commands.start("flows", "serve", "--port", str(_free_port()))
    commands.wait_for(lambda: "Ctrl-C stops" in commands.log.read_text(), "the server")
    return process


def api(commands: Commands) -> dict[str, str]:
    """Return the variable that the invitation of ``flows serve`` asks for."""
    (line,) = (
        line for line in commands.log.read_text().splitlines() if "export PREFECT_API_URL=" in line
    )
    name, _, url = line.split()[-1].partition("=")
    return {name: url}


def place_order(client: SyncPrefectClient) -> FlowRun:
    """Order a run in the project itself."""
    return client.create_flow_run_from_deployment(client.read_deployment_by_name("retrain/on-demand").id)


def wait_for_end(commands: Commands, client: SyncPrefectClient, run: FlowRun) -> tuple[str, str]:
    """Wait for a run's end and return its state and the reason."""

    def _state() -> tuple[str, str] | None:
        state = client.read_flow_run(run.id).state
        return (str(state.name), str(state.message)) if state and state.is_final() else None

    return commands.wait_for(_state, f"the end of {run.name}")


def _free_port() -> int:
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return int(probe.getsockname()[1])
