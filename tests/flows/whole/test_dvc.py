"""Metrics, plots and experiments of DVC in a finished workspace that is a git checkout."""

import csv
import json
import shutil
import subprocess
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from litesmith.files import read_json
from tasks import catalog
from tasks.dag.step import Metric
from tasks.pipeline import PIPELINE
from tests.flows.marked import Commands

pytestmark = [pytest.mark.slow, pytest.mark.xdist_group("kills")]

ROOT = Path(__file__).parents[3]
# Synthetic train and test images differ more than this: a warning, so the numbers of `validate` change
# and no model does. DVC writes it as YAML 1.2 does, without a point.
_NOISE = 0.001
_RULES = catalog.metrics("validate").as_posix()


@pytest.fixture(scope="module")
def checkout(reference: Commands, tmp_path_factory: pytest.TempPathFactory) -> Commands:
    """A copy of the finished workspace with the project's DVC and git settings, committed."""
    reference.wait_for(lambda: not reference.alive(), "dvc repro", 900)
    folder = tmp_path_factory.mktemp("checkout") / "ws"
    shutil.copytree(
        reference.folder, folder, ignore=shutil.ignore_patterns("tmp", ".litesmith", "*.log")
    )
    settings = [ROOT / ".gitignore", ROOT / ".dvc/config", ROOT / ".dvc/.gitignore"]
    for ring in ("data", "models", "reports"):
        settings += (ROOT / ring).rglob(".gitignore")
    for path in settings:
        shutil.copy(path, folder / path.relative_to(ROOT))
    _git(folder, "init", "-q")
    _git(folder, "config", "user.name", "t")
    _git(folder, "config", "user.email", "t@example.org")
    _git(folder, "add", ".")
    _git(folder, "commit", "-qm", "one")
    return Commands(folder)


def _git(folder: Path, *words: str) -> str:
    return subprocess.run(["git", *words], cwd=folder, check=True, capture_output=True, text=True).stdout


def _json(commands: Commands, *words: str) -> Any:
    """Return the JSON that a command of DVC writes; a warning beside it would be an error."""
    code, output = commands.run("dvc", *words, "--json")
    assert code == 0, output
    return json.loads(output)


def test_metrics_show_prints_every_number_of_the_steps(checkout: Commands) -> None:
    shown = _json(checkout, "metrics", "show")[""]["data"]
    metrics = [port.path for step in PIPELINE for port in step.outs if port.marked(Metric)]
    assert len(metrics) > 5
    assert {Path(name): metric["data"] for name, metric in shown.items()} == {
        path: read_json(checkout.folder / path) for path in metrics
    }


def test_without_a_change_metrics_diff_is_empty(checkout: Commands) -> None:
    assert checkout.run("dvc", "metrics", "diff") == (0, "")


def test_plots_show_draws_the_curves_and_the_confusion_and_leaves_git_clean(checkout: Commands) -> None:
    page = checkout.folder / "dvc_plots/index.html"
    assert checkout.run("dvc", "plots", "show") == (0, f"{page.as_uri()}\n")
    page_text = page.read_text()
    assert [words.partition('"')[0] for words in page_text.split('<div id = "')[1:]] == [
        "accuracy",
        "loss",
        "confusion_of_the_final_file",
    ]
    for model in ("baseline", "tuned", "pruned"):
        for line in ("accuracy", "val_accuracy", "loss", "val_loss"):
            assert f'"{model}-history.csv::{line}"' in page_text
    rows = len((checkout.folder / catalog.plot("confusion")).read_text().splitlines()) - 1
    assert rows == 200
    assert page_text.count('{"actual": ') == rows
    assert _git(checkout.folder, "status", "--short") == ""


@dataclass(frozen=True)
class Experiment:
    """An experiment whose result was applied to the checkout."""

    commands: Commands
    output: str
    changed: str


@pytest.fixture(scope="module")
def experiment(checkout: Commands) -> Experiment:
    """Run with another parameter as the README describes."""
    code, output = checkout.run(
        "dvc", "exp", "run", "-n", "shifted", "-S", f"validate.max_label_noise={_NOISE}"
    )
    assert code == 0, output
    return Experiment(checkout, output, _git(checkout.folder, "status", "--short"))


def test_an_experiment_runs_what_the_parameter_made_stale_and_nothing_else(
    experiment: Experiment,
) -> None:
    ran = [
        line.split("'")[1] for line in experiment.output.splitlines() if line.startswith("Running stage")
    ]
    assert ran == ["validate", "judge", "report", "package"]
    assert "label_noise failed (warning)" in experiment.output
    assert experiment.commands.run("dvc", "status") == (0, "Data and pipelines are up to date.\n")


def test_metrics_diff_and_params_diff_show_what_an_experiment_changed(experiment: Experiment) -> None:
    metrics, params = (_json(experiment.commands, what, "diff") for what in ("metrics", "params"))
    ((path, rules),) = metrics.items()
    assert path == _RULES
    assert {name: change["diff"] for name, change in rules.items()} == {
        "rules.failed": 1,
        "rules.passed": -1,
    }
    assert list(params) == [catalog.PARAMS.as_posix()]
    ((name, change),) = params[catalog.PARAMS.as_posix()].items()
    assert (name, change["old"], change["new"]) == ("validate.max_label_noise", 0.15, _NOISE)


def test_exp_show_sets_an_experiment_beside_where_it_began(experiment: Experiment) -> None:
    code, output = experiment.commands.run("dvc", "exp", "show", "--csv")
    assert code == 0, output
    rows = {row["Experiment"] or row["rev"]: row for row in csv.DictReader(output.splitlines())}
    branch = _git(experiment.commands.folder, "branch", "--show-current").strip()
    shown = {name: (row["rules.failed"], row["validate.max_label_noise"]) for name, row in rows.items()}
    assert shown == {
        "workspace": ("1", str(_NOISE)),
        branch: ("0", "0.15"),
        "shifted": ("1", str(_NOISE)),
    }


def test_an_experiment_changes_only_records_and_parameters_in_git(experiment: Experiment) -> None:
    changed = {line.split()[-1] for line in experiment.changed.splitlines()}
    # The card has the seconds that the steps took, rounded.
    assert changed - {"reports/model-card.md"} == {
        "dvc.lock",
        "params.yaml",
        _RULES,
        "reports/summary.json",
    }
