from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import pytest
from ruamel.yaml import YAML

from litesmith.errors import ContractError
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.prepare import PrepareParams
from tasks.commands.generated import FILES
from tasks.dag import dvcfile
from tasks.dag.step import InGit, MaybeEmpty, Measured, Metric, Plot, step
from tasks.pipeline import PIPELINE

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ins:
    raw: Path = Path("data/raw.gz")


@dataclass(frozen=True)
class Outs:
    model: Path = Path("models/a.h5")
    metrics: Annotated[Path, Metric()] = Path("reports/metrics/a.json")
    results: Annotated[Path, InGit()] = Path("reports/results/a.json")
    curve: Annotated[Path, Plot(x="epoch", y=("loss", "val_loss"), panel="loss")] = Path(
        "reports/plots/a.csv"
    )
    page: Annotated[Path, Measured()] = Path("reports/a.html")
    extras: Annotated[Path, MaybeEmpty()] = Path("models/extras")


@step
def prepare(
    params: PrepareParams, ins: Ins, outs: Outs, *, seed: int, dataset: DatasetParams, work: Path
) -> None:
    """Do the thing.

    And more.
    """


def test_a_stage_is_what_the_step_declares(tmp_path: Path) -> None:
    assert YAML(typ="safe").load(dvcfile.render([prepare], tmp_path))["stages"]["prepare"] == {
        "desc": "Do the thing.",
        "cmd": "python -m tasks run prepare",
        "deps": ["data/raw.gz"],
        "params": ["prepare", "dataset", "seed"],
        "outs": [
            "models/a.h5",
            {"reports/results/a.json": {"cache": False}},
            "reports/plots/a.csv",
            "reports/a.html",
            {"models/extras": {"meta": {"maybe_empty": True}}},
            "reports/provenance/prepare.json",
        ],
        "metrics": [{"reports/metrics/a.json": {"cache": False}}],
    }


def test_of_a_section_read_in_part_the_stage_names_the_keys(tmp_path: Path) -> None:
    @step
    def prepare(params: PrepareParams, ins: Ins, outs: Outs, *, device: HardLimits) -> None: ...

    keys = YAML(typ="safe").load(dvcfile.render([prepare], tmp_path))["stages"]["prepare"]["params"]
    assert keys == [
        "prepare",
        "device.max_tflite_bytes",
        "device.max_macs",
        "device.max_activation_bytes",
    ]


def test_files_of_one_panel_are_drawn_over_each_other(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Others:
        curve: Annotated[Path, Plot(x="epoch", y=("loss",), panel="loss")] = Path("reports/plots/b.csv")

    @step
    def dataset(params: DatasetParams, ins: Ins, outs: Others) -> None: ...

    columns = {"reports/plots/a.csv": ["loss", "val_loss"], "reports/plots/b.csv": ["loss"]}
    panels = YAML(typ="safe").load(dvcfile.render([prepare, dataset], tmp_path))["plots"]
    assert panels == [{"loss": {"template": "linear", "x": "epoch", "y": columns}}]


def test_a_stale_file_is_refused(tmp_path: Path) -> None:
    dvc = replace(FILES["dvc"], render=partial(dvcfile.render, [prepare]))
    dvc.write(tmp_path)
    dvc.check(tmp_path)
    (tmp_path / "dvc.yaml").write_text("stages: {}\n")
    with pytest.raises(ContractError, match=r"Run `make dvc` and commit the result\."):
        dvc.check(tmp_path)


def test_dvc_keeps_a_run_cache_of_every_step_but_the_report() -> None:
    """It keeps none of a stage with an output outside its cache that is neither metric nor plot (DVC 3.67)."""
    stages = YAML(typ="safe").load(dvcfile.render(PIPELINE, PROJECT))["stages"]
    uncached = {
        name
        for name, stage in stages.items()
        for out in stage["outs"]
        if isinstance(out, dict) and any(settings.get("cache") is False for settings in out.values())
    }
    assert uncached == {"report"}
