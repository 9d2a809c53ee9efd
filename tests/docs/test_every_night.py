"""What docs/every-night.md shows is right: the unit, the schedule, the parameter."""

import shutil
import subprocess
from pathlib import Path

import pytest
from ruamel.yaml import YAML

from litesmith.files import read_yaml
from litesmith.params.sections.retrain import RetrainParams
from tests.docs.pages import PROJECT, program

PAGE = "docs/every-night.md"


def verified(unit: str, folder: Path) -> subprocess.CompletedProcess[str]:
    """Let systemd check a unit, with the project in the place of its folder."""
    path = folder / "litesmith.service"
    path.write_text(unit, encoding="utf-8")
    command = ["systemd-analyze", "verify", str(path)]
    return subprocess.run(command, capture_output=True, text=True, check=False)


@pytest.mark.skipif(not shutil.which("systemd-analyze"), reason="needs systemd-analyze")
def test_systemd_finds_nothing_wrong_with_the_unit(tmp_path: Path) -> None:
    python = tmp_path / ".venv/bin/python"
    python.parent.mkdir(parents=True)
    python.symlink_to(shutil.which("python3") or "")
    unit = program(PAGE, "ini").replace("/srv/litesmith", str(tmp_path))
    done = verified(unit, tmp_path)
    assert (done.returncode, done.stderr) == (0, "")
    assert "KillMod" in verified(unit.replace("KillMode", "KillMod"), tmp_path).stderr


def test_the_unit_serves_in_its_folder_and_takes_the_end_by_a_signal_for_no_failure() -> None:
    lines = program(PAGE, "ini").splitlines()
    assert "ExecStart=/srv/litesmith/.venv/bin/python -m flows serve" in lines
    assert "WorkingDirectory=/srv/litesmith" in lines
    assert "SuccessExitStatus=130" in lines


def test_the_schedule_is_that_of_the_deployment() -> None:
    deployments = read_yaml(PROJECT / "prefect.yaml")["deployments"]
    (schedule,) = next(item["schedules"] for item in deployments if item["name"] == "nightly")
    assert f"cron: {schedule['cron']} " in program(PAGE, "", "prefect deployment schedule ls")


def test_the_block_is_named_as_a_parameter_can_name_it() -> None:
    named = YAML(typ="safe").load(program(PAGE, "yaml"))["retrain"]
    params = RetrainParams(**{**read_yaml(PROJECT / "params.yaml")["retrain"], **named})
    assert params.notify == "custom-webhook/ops"
    assert 'CustomWebhookNotificationBlock(\n    name="ops"' in program(PAGE, "python")
