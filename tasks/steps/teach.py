"""The room of the teachers: networks too large for the device, whose answers the small ones learn from."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

from litesmith.files import write_json, write_text
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.teach import TeachParams
from tasks import catalog
from tasks.dag.step import MaybeEmpty, Metric, step

if TYPE_CHECKING:
    from litesmith.training.distillation import Taught
    from litesmith.training.networks import NetworkSpec


@dataclass(frozen=True)
class Ins:
    """What is learned from, and what each epoch is judged on."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION


@dataclass(frozen=True)
class Outs:
    """The teachers, and what they say about fixed views of the training images."""

    teachers: Annotated[Path, MaybeEmpty()] = catalog.TEACHERS
    lesson: Path = catalog.LESSON
    metrics: Annotated[Path, Metric()] = catalog.metrics("teach")
    results: Path = catalog.results("teach")
    # Not a plot for DVC, which cannot draw the empty table of no teacher.
    history: Path = catalog.plot("teacher-history")


@step
def teach(
    params: TeachParams, ins: Ins, outs: Outs, *, dataset: DatasetParams, seed: int, work: Path
) -> None:
    """Train large teachers and keep their answers to fixed views of the training images; none if none is asked for."""
    from litesmith.data.splits import read_split
    from litesmith.training import backend, distillation, loop

    backend.set_threads(params.num_threads)
    recipe = params.recipe.into(loop.Recipe)
    taught = distillation.teach(
        _network(params, dataset), recipe, read_split(ins.train), read_split(ins.validation),
        num_teachers=params.num_teachers, num_views=params.num_views, seed=seed, work=work,
        compute_dtype=params.compute_dtype,
    )  # fmt: skip
    outs.teachers.mkdir(parents=True)
    for model in taught.teachers:
        backend.save_h5(model, outs.teachers / f"{model.name}.h5")
    distillation.write_lesson(outs.lesson, taught.answers, recipe.augmentation, taught.seeds)
    write_text(outs.history, loop.history_csv(taught.history))
    results = _results(params, taught)
    write_json(outs.results, results)
    write_json(outs.metrics, {"num_teachers": params.num_teachers, "validation": results["validation"]})


def _network(params: TeachParams, dataset: DatasetParams) -> "NetworkSpec":
    from litesmith.training.networks import NetworkSpec

    size = {"height": dataset.height, "width": dataset.width, "num_classes": dataset.num_classes}
    return NetworkSpec.from_plain({**size, **params.network.model_dump()})


def _results(params: TeachParams, taught: "Taught") -> dict[str, Any]:
    return {
        "num_teachers": params.num_teachers,
        "num_views": len(taught.seeds),
        "validation": {name: score.to_plain() for name, score in taught.scores.items()},
        "num_parameters": [model.count_params() for model in taught.teachers],
        "recipe": params.recipe.model_dump(),
    }
