"""Step of the teachers, networks too large for the device."""

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

from litesmith.files import write_json, write_text
from litesmith.params.sections.recipe import Augmentation
from litesmith.params.sections.teach import TeachParams
from litesmith.records.form import DataForm
from litesmith.records.record import Score, read_record, write_record
from litesmith.records.teach import TeachResult
from tasks import catalog
from tasks.dag.step import MaybeEmpty, Metric, step

if TYPE_CHECKING:
    from litesmith.data.splits import Split
    from litesmith.training.types import KerasModel


@dataclass(frozen=True)
class Ins:
    """Training and validation split."""

    train: Path = catalog.TRAIN
    validation: Path = catalog.VALIDATION
    form: Path = catalog.FORM


@dataclass(frozen=True)
class Outs:
    """Teachers, and their predictions on fixed views of images."""

    teachers: Annotated[Path, MaybeEmpty()] = catalog.TEACHERS
    targets: Path = catalog.TARGETS
    metrics: Annotated[Path, Metric()] = catalog.metrics("teach")
    results: Path = catalog.results("teach")
    # Not a plot for DVC, which cannot draw the empty table of no teacher.
    history: Path = catalog.plot("teacher-history")


@step
def teach(params: TeachParams, ins: Ins, outs: Outs, *, seed: int, work: Path) -> None:
    """Train large teachers, if any, and write their predictions on training images.

    Raises:
        DivergedError: The loss of a teacher is not a number any more.
    """
    from litesmith.data.splits import read_split
    from litesmith.training import backend, distillation, networks
    from litesmith.training.history import history_csv
    from litesmith.training.job import TrainingJob
    from litesmith.training.networks import computing_in

    backend.set_threads(params.num_threads)
    splits, form = (read_split(ins.train), read_split(ins.validation)), read_record(ins.form, DataForm)
    job = TrainingJob(*splits, form, params.recipe, seed, work=work, compute_dtype=params.compute_dtype)
    augmentation = job.recipe.augmentation
    spec = networks.network_spec(params.network, networks.image_shape(form))
    names = [f"teacher{number}" for number in range(1, params.num_teachers + 1)]
    trained = [distillation.train_teacher(spec, job, name) for name in names]
    teachers = [model for model, _ in trained]
    seeds = distillation.view_seeds(params.num_views if teachers else 0, seed)
    computing = [computing_in(model, params.compute_dtype) for model in teachers]
    answers = distillation.answer_views(
        computing, job.training.images, augmentation, form.fill, seeds, work
    )
    answers = answers.reshape(len(seeds), len(job.training.labels), spec.num_classes)
    distillation.write_targets(outs.targets, answers, augmentation, seeds)
    outs.teachers.mkdir(parents=True)
    for model in teachers:
        backend.save_h5(model, outs.teachers / f"{model.name}.h5")
    write_text(outs.history, history_csv(trained[0][1] if trained else []))
    result = TeachResult(
        num_teachers=params.num_teachers,
        num_views=len(seeds),
        validation=_scores(teachers, augmentation, job.validation),
        num_parameters=tuple(model.count_params() for model in teachers),
        recipe=job.recipe,
    )
    write_record(outs.results, result)
    validation = {name: score.figures for name, score in result.validation.items()}
    write_json(outs.metrics, {"num_teachers": result.num_teachers, "validation": validation})


def _scores(
    teachers: "list[KerasModel]", augmentation: Augmentation, validation: "Split"
) -> dict[str, Score]:
    """Return the scores by teacher, and of their mean if any."""
    from litesmith.training.distillation import ensemble_of
    from litesmith.training.evaluation import evaluate

    scores = {model.name: evaluate(model, validation) for model in teachers}
    if teachers:
        scores["ensemble"] = evaluate(ensemble_of(teachers, augmentation), validation)
    return scores
