from pathlib import Path

import pytest

from litesmith.files import read_json
from litesmith.params.sections.network import NetworkSpec
from litesmith.records.record import write_record
from litesmith.records.sweep import TunedNetwork
from litesmith.training.backend import load_h5, save_h5
from litesmith.training.networks import build_network
from tasks.steps.prune import Ins, Outs, prune
from tests.tasks.steps.training_workspace import (
    HISTORY_COLUMNS,
    in_small_workspace,
    read_columns,
    small_targets,
)

pytestmark = pytest.mark.slow

SPEC = NetworkSpec(
    height=16,
    width=16,
    channels=1,
    num_classes=3,
    stem_width=4,
    stage_widths=(8, 16),
    stage_blocks=(0, 1),
    stem_kernel_size=3,
    stem_stride=1,
    residual=True,
    separable=False,
    repeats=1,
    dropout_rate=0.0,
)


@pytest.mark.parametrize("views", [(), (8, 9)], ids=["labels", "teachers"])
def test_the_winner_is_pruned_and_the_ablation_recorded(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, views: tuple[int, ...]
) -> None:
    params = in_small_workspace(tmp_path, monkeypatch)
    small_targets(tmp_path, *views)
    save_h5(build_network(SPEC, "tuned"), Ins.model)
    write_record(Ins.network, TunedNetwork(network=SPEC, choices={}))
    work = tmp_path / "work"
    work.mkdir()
    prune.function(ins=Ins(), outs=Outs(), work=work, **prune.arguments(params))
    results = read_json(Outs.results)
    assert list(results["ablation"]) == ["winner", "dropout_only", "pruned_only", "pruned_with_dropout"]
    assert results["sparsity_requested"] == params.prune.pruning.final_sparsity
    assert 0.5 < results["sparsity_reached"] < results["sparsity_requested"]
    assert [layer["shape"] for layer in results["layers"]][-1] == [16, 3]
    assert read_json(Outs.metrics)["sparsity"] == results["sparsity_reached"]
    assert read_columns(Outs.history) == HISTORY_COLUMNS
    assert load_h5(Outs.model).name == "pruned"
