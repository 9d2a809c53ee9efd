"""Step of the teachers, networks too large for the device."""

from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

from litesmith.files import write_json, write_text
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.teach import TeachParams
from litesmith.records.record import write_record
from litesmith.records.teach import TeachResult
from tasks import catalog
from tasks.dag.step import MaybeEmpty, Metric, step


@dataclass(frozen=True)
class Ins:
    """Training and validation split."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION


@dataclass(frozen=True)
class Outs:
    """Teachers, and their answers to fixed views of the training images."""

    teachers: Annotated[Path, MaybeEmpty()] = catalog.TEACHERS
    targets: Path = catalog.TARGETS
    metrics: Annotated[Path, Metric()] = catalog.metrics("teach")
    results: Path = catalog.results("teach")
    # Not a plot for DVC, which cannot draw the empty table of no teacher.
    history: Path = catalog.plot("teacher-history")


@step
def teach(
    params: TeachParams, ins: Ins, outs: Outs, *, dataset: DatasetParams, seed: int, work: Path
) -> None:
    """Train large teachers, if any, and keep their answers to training images."""
    from litesmith.data.splits import read_split
    from litesmith.training import backend, distillation, networks
    from litesmith.training.history import history_csv
    from litesmith.training.job import TrainingJob

    backend.set_threads(params.num_threads)
    job = TrainingJob(
        read_split(ins.train), read_split(ins.validation), params.recipe, seed,
        compute_dtype=params.compute_dtype,
    )  # fmt: skip
    spec = networks.network_spec(params.network, networks.image_shape(dataset))
    teaching = distillation.teach(
        spec, job, work, num_teachers=params.num_teachers, num_views=params.num_views
    )
    outs.teachers.mkdir(parents=True)
    for model in teaching.teachers:
        backend.save_h5(model, outs.teachers / f"{model.name}.h5")
    augmentation = params.recipe.augmentation
    distillation.write_targets(outs.targets, teaching.answers, augmentation, teaching.seeds)
    write_text(outs.history, history_csv(teaching.history))
    result = TeachResult(
        num_teachers=params.num_teachers,
        num_views=len(teaching.seeds),
        validation=teaching.scores,
        num_parameters=tuple(model.count_params() for model in teaching.teachers),
        recipe=params.recipe,
    )
    write_record(outs.results, result)
    write_json(outs.metrics, result.model_dump(include={"num_teachers", "validation"}))
