import shutil
from dataclasses import dataclass, replace
from functools import partial
from pathlib import Path
from typing import Annotated

import pytest
from dvc.repo import Repo
from ruamel.yaml import YAML

from litesmith.errors import ContractError
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.section import Section
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.device import DeviceParams, HardLimits
from litesmith.params.sections.fetch import FetchParams
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
def fetch(
    params: FetchParams, ins: Ins, outs: Outs, *, seed: int, dataset: DatasetParams, work: Path
) -> None:
    """Do the thing.

    And more.
    """


def test_a_stage_is_what_the_step_declares(tmp_path: Path) -> None:
    assert YAML(typ="safe").load(dvcfile.render([fetch], tmp_path))["stages"]["fetch"] == {
        "desc": "Do the thing.",
        "cmd": "python -m tasks run fetch",
        "deps": ["data/raw.gz"],
        "params": ["fetch", {"datasets/${dataset}.yaml": [*DatasetParams.model_fields]}, "seed"],
        "outs": [
            "models/a.h5",
            {"reports/results/a.json": {"cache": False}},
            "reports/plots/a.csv",
            "reports/a.html",
            {"models/extras": {"meta": {"maybe_empty": True}}},
            "reports/provenance/fetch.json",
        ],
        "metrics": [{"reports/metrics/a.json": {"cache": False}}],
    }


def test_of_a_section_read_in_part_the_stage_names_the_keys(tmp_path: Path) -> None:
    class Seconds(Section):
        reach_s: float
        stage_limit_s: float

    @step
    def fetch(params: FetchParams, ins: Ins, outs: Outs, *, retrain: Seconds) -> None: ...

    read = YAML(typ="safe").load(dvcfile.render([fetch], tmp_path))["stages"]["fetch"]["params"]
    assert read == ["fetch", "retrain.reach_s", "retrain.stage_limit_s"]


HARD = ["max_tflite_bytes", "max_macs", "max_activation_bytes"]


@pytest.mark.parametrize(
    ("kind", "keys"), [(HardLimits, HARD), (DeviceParams, [*HARD, "max_arena_bytes", "max_latency_ms"])]
)
def test_limits_are_read_from_the_file_of_the_device(
    tmp_path: Path, kind: type[HardLimits], keys: list[str]
) -> None:
    def fetch(params: FetchParams, ins: Ins, outs: Outs, *, device: HardLimits) -> None: ...

    fetch.__annotations__["device"] = kind
    rendered = dvcfile.render([step(fetch)], tmp_path)
    read = YAML(typ="safe").load(rendered)["stages"]["fetch"]["params"]
    assert read == ["fetch", {"devices/${device}.yaml": keys}]


def test_another_device_or_limit_makes_the_stages_stale_that_read_it(tmp_path: Path) -> None:
    for name in ("params.yaml", "versions.yaml", "dvc.yaml"):
        shutil.copy(PROJECT / name, tmp_path)
    shutil.copytree(PROJECT / "devices", tmp_path / "devices")
    shutil.copytree(PROJECT / "datasets", tmp_path / "datasets")
    params, limits = (read_yaml(tmp_path / name) for name in ("params.yaml", "devices/wearable.yaml"))

    def read_by_dvc() -> dict[str, list[dict[str, object]]]:
        with Repo.init(str(tmp_path), no_scm=True, force=True) as repo:
            return {
                stage.name: [dict(dep.read_params()) for dep in stage.params]
                for stage in repo.index.stages
            }

    def changed(before: dict[str, list[dict[str, object]]]) -> set[str]:
        after = read_by_dvc()
        return {name for name in before if before[name] != after[name]}

    before = read_by_dvc()
    write_text(tmp_path / "devices/wearable.yaml", yaml_text({**limits, "max_arena_bytes": 1}))
    assert changed(before) == {"evaluate", "judge"}
    write_text(tmp_path / "devices/wearable.yaml", yaml_text({**limits, "max_macs": 99_000_000}))
    assert changed(before) == {"sweep", "convert", "evaluate", "judge"}
    write_text(tmp_path / "devices/wearable.yaml", yaml_text(limits))
    assert changed(before) == set()
    write_text(tmp_path / "devices/other.yaml", yaml_text({**limits, "max_macs": 99_000_000}))
    write_text(tmp_path / "params.yaml", yaml_text({**params, "device": "other"}))
    assert changed(before) == {"sweep", "convert", "evaluate", "judge", "report"}


def test_files_of_one_panel_are_drawn_over_each_other(tmp_path: Path) -> None:
    @dataclass(frozen=True)
    class Others:
        curve: Annotated[Path, Plot(x="epoch", y=("loss",), panel="loss")] = Path("reports/plots/b.csv")

    @step
    def dataset(params: DatasetParams, ins: Ins, outs: Others) -> None: ...

    columns = {"reports/plots/a.csv": ["loss", "val_loss"], "reports/plots/b.csv": ["loss"]}
    panels = YAML(typ="safe").load(dvcfile.render([fetch, dataset], tmp_path))["plots"]
    assert panels == [{"loss": {"template": "linear", "x": "epoch", "y": columns}}]


def test_a_stale_file_is_refused(tmp_path: Path) -> None:
    dvc = replace(FILES["dvc"], render=partial(dvcfile.render, [fetch]))
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
