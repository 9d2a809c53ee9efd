"""Step of pruning: the winner is fine-tuned with dropout while small weights become zero."""

from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.files import read_json, write_json, write_text
from litesmith.params.sections.prune import PruneParams
from tasks import catalog
from tasks.dag.step import Metric, Plot, step

if TYPE_CHECKING:
    from litesmith.compression.pruning import Ablation, Line, Tuning


@dataclass(frozen=True)
class Ins:
    """Winner, splits and distillation targets."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    model: Path = catalog.TUNED_MODEL
    network: Path = catalog.TUNED_NETWORK
    lesson: Path = catalog.LESSON


@dataclass(frozen=True)
class Outs:
    """Pruned model without wrappers, its history, and the ablation."""

    model: Path = catalog.PRUNED_MODEL
    metrics: Annotated[Path, Metric()] = catalog.metrics("prune")
    results: Path = catalog.results("prune")
    history: Annotated[
        Path,
        Plot(x="epoch", y=("accuracy", "val_accuracy"), panel="accuracy"),
        Plot(x="epoch", y=("loss", "val_loss"), panel="loss"),
    ] = catalog.plot("pruned-history")


@step
def prune(params: PruneParams, ins: Ins, outs: Outs, *, seed: int, work: Path) -> None:
    """Prune the winner while fine-tuning with dropout; record an ablation.

    Raises:
        ContractError: A pruned layer did not reach the sparsity asked for.
    """
    from litesmith.compression import pruning
    from litesmith.data.splits import read_split
    from litesmith.training import backend
    from litesmith.training.distillation import read_targets
    from litesmith.training.history import history_csv
    from litesmith.training.job import TrainingJob
    from litesmith.training.networks import parse_network

    backend.set_threads(params.num_threads)
    targets = read_targets(ins.lesson, params.lesson)
    splits = read_split(ins.train), read_split(ins.validation)
    job = TrainingJob(*splits, params.recipe, seed, targets, work)
    winner, spec = backend.load_h5(ins.model), parse_network(read_json(ins.network)["network"])
    tuning = pruning.Tuning(winner, spec, job, params.pruning)
    ablation = pruning.ablate(tuning, dropout_rate=params.dropout_rate, name="pruned")
    backend.save_h5(ablation.model, outs.model)
    write_text(outs.history, history_csv(ablation.history))
    results = _results(ablation, tuning)
    write_json(outs.results, results)
    validation = {name: line["validation"] for name, line in results["ablation"].items()}
    write_json(outs.metrics, {"validation": validation, "sparsity": results["sparsity_reached"]})


def _results(ablation: "Ablation", tuning: "Tuning") -> dict[str, Any]:
    return {
        "ablation": {name: _line(line) for name, line in ablation.lines.items()},
        "sparsity_asked": tuning.pruning.final_sparsity,
        "sparsity_reached": ablation.lines["pruned_with_dropout"].sparsity,
        "layers": [asdict(layer) for layer in ablation.layers],
        "recipe": tuning.job.recipe.model_dump(),
    }


def _line(line: "Line") -> dict[str, Any]:
    known = {"label": line.label, "dropout_rate": line.dropout_rate, "pruned": line.pruned}
    return {**known, "validation": line.score.to_plain(), "sparsity": line.sparsity}
