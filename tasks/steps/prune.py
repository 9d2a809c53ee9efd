"""The room that sets small weights of the winner to zero while it is fine-tuned with dropout."""

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
    """The winner, what it goes on learning from, and what the teachers say."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    model: Path = catalog.TUNED_MODEL
    network: Path = catalog.TUNED_NETWORK
    lesson: Path = catalog.LESSON


@dataclass(frozen=True)
class Outs:
    """The pruned model without wrappers, how it learned, and what pruning and dropout each did."""

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
    """Prune the winner while fine-tuning with dropout; record what each of the two does alone.

    Raises:
        ContractError: A pruned layer did not reach the sparsity asked for.
    """
    from litesmith.compression import pruning
    from litesmith.data.splits import read_split
    from litesmith.training import backend, loop
    from litesmith.training.distillation import Share, read_lesson
    from litesmith.training.networks import NetworkSpec

    backend.set_threads(params.num_threads)
    lesson = read_lesson(ins.lesson, params.lesson.into(Share))
    tuning = pruning.Tuning(
        winner=backend.load_h5(ins.model),
        spec=NetworkSpec.from_plain(read_json(ins.network)["network"]),
        training=read_split(ins.train),
        validation=read_split(ins.validation),
        recipe=loop.as_taught(params.recipe.into(loop.Recipe), lesson),
        pruning=params.pruning.into(pruning.Pruning),
        lesson=lesson,
        seed=seed,
        work=work,
    )
    ablation = pruning.ablate(tuning, dropout_rate=params.dropout_rate, name="pruned")
    backend.save_h5(ablation.model, outs.model)
    write_text(outs.history, loop.history_csv(ablation.history))
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
        "recipe": asdict(tuning.recipe),
    }


def _line(line: "Line") -> dict[str, Any]:
    known = {"label": line.label, "dropout_rate": line.dropout_rate, "pruned": line.pruned}
    return {**known, "validation": line.score.to_plain(), "sparsity": line.sparsity}
