"""Step of pruning the winner while fine-tuning with dropout."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from litesmith.files import write_json, write_text
from litesmith.params.sections.prune import PruneParams
from litesmith.records.form import DataForm
from litesmith.records.prune import PruneResult
from litesmith.records.record import read_record, write_record
from litesmith.records.sweep import TunedNetwork
from tasks import catalog
from tasks.dag.step import Metric, TrainingHistory, step


@dataclass(frozen=True)
class Ins:
    """Winner, splits, the form of their images, and distillation targets."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    form: Path = catalog.FORM
    model: Path = catalog.TUNED_MODEL
    network: Path = catalog.TUNED_NETWORK
    targets: Path = catalog.TARGETS


@dataclass(frozen=True)
class Outs:
    """Pruned model without wrappers, its history, and the ablation."""

    model: Path = catalog.PRUNED_MODEL
    metrics: Annotated[Path, Metric()] = catalog.metrics("prune")
    results: Path = catalog.results("prune")
    history: TrainingHistory = catalog.plot("pruned-history")


@step
def prune(params: PruneParams, ins: Ins, outs: Outs, *, seed: int, work: Path) -> None:
    """Prune the winner while fine-tuning with dropout; record an ablation.

    Raises:
        ContractError: A pruned layer did not reach the requested sparsity.
    """
    from litesmith.compression import pruning
    from litesmith.data.splits import read_split
    from litesmith.training import backend
    from litesmith.training.distillation import read_targets
    from litesmith.training.history import history_csv
    from litesmith.training.job import TrainingJob

    backend.set_threads(params.num_threads)
    targets = read_targets(ins.targets, params.distillation)
    splits = read_split(ins.train), read_split(ins.validation)
    form = read_record(ins.form, DataForm)
    job = TrainingJob(*splits, form, params.recipe, seed, targets, work)
    spec = read_record(ins.network, TunedNetwork).network
    tuning = pruning.Tuning(backend.load_h5(ins.model), spec, job, params.pruning)
    ablation = pruning.ablate(tuning, dropout_rate=params.dropout_rate, name="pruned")
    backend.save_h5(ablation.model, outs.model)
    write_text(outs.history, history_csv(ablation.history))
    result = PruneResult(
        ablation=ablation.lines,
        sparsity_requested=params.pruning.final_sparsity,
        sparsity_reached=ablation.lines["pruned_with_dropout"].sparsity,
        layers=tuple(ablation.layers),
        recipe=job.recipe,
    )
    write_record(outs.results, result)
    validation = {name: line.validation.figures for name, line in ablation.lines.items()}
    write_json(outs.metrics, {"validation": validation, "sparsity": result.sparsity_reached})
