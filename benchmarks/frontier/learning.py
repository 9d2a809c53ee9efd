"""Train teachers, collect their answers, train and convert students."""

from pathlib import Path

import numpy as np

from benchmarks.frontier.data import FrontierData, read_data
from benchmarks.frontier.networks import build
from benchmarks.frontier.plan import (
    CONFIG,
    Config,
    answers_folder,
    student_folder,
    targets_folder,
    teacher_file,
    teacher_folder,
)
from benchmarks.networks import read_form
from benchmarks.record import installed
from benchmarks.spent import counting, total
from litesmith.compression.flip_averaging import flip_averaged
from litesmith.data.splits import sample_rows
from litesmith.errors import ContractError, ParamsError
from litesmith.files import replacing, write_bytes, write_json, write_text
from litesmith.host import describe_host
from litesmith.params.sections.recipe import Recipe
from litesmith.records.record import Score
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training import backend, loop
from litesmith.training.backend import derived_seed
from litesmith.training.cost import count_macs
from litesmith.training.distillation import (
    answer_views,
    ensemble_of,
    read_targets,
    view_seeds,
    write_targets,
)
from litesmith.training.evaluation import evaluate
from litesmith.training.history import History, history_csv
from litesmith.training.job import TrainingJob
from litesmith.training.networks import computing_in
from litesmith.training.types import KerasModel

WEIGHTS = "weights.npz"


def teacher(config: Config, name: str) -> None:
    """Train a candidate into its folder, with a seed that follows from its name."""
    backend.set_threads(1)
    plan, folder, data = config.candidate(name), teacher_folder(config, name), read_data()
    own = derived_seed(config.seed, name)
    with counting(folder):
        backend.seed_everything(own)
        model = build(plan.network, read_form(), name)
        job = TrainingJob(
            data.training, data.validation, read_form(), plan.recipe, own,
            work=folder, compute_dtype=plan.compute_dtype,
        )  # fmt: skip
        history = loop.train(model, job)
    both = evaluate(ensemble_of([model], plan.recipe.augmentation), data.validation)
    write_weights(folder / WEIGHTS, model)
    keep(folder, model, data, history, plan.recipe, macs=count_macs(model), ensemble=both)


def write_weights(path: Path, model: KerasModel) -> None:
    """Write a model's weights as float16: half the bytes, and differences that no answer shows."""
    with replacing(path) as part:
        weights = {
            f"w{number}": weight.astype(np.float16) for number, weight in enumerate(model.get_weights())
        }
        np.savez_compressed(part, **weights)


def read_teachers(config: Config) -> list[KerasModel]:
    """Return all teachers, with their committed weights, else with those that were trained here.

    Raises:
        ContractError: One was not trained yet.
    """
    return [_read_teacher(config, name) for name in config.teachers]


def _read_teacher(config: Config, name: str) -> KerasModel:
    committed, here = teacher_file(config, name), teacher_folder(config, name) / WEIGHTS
    path = next((file for file in (committed, here) if file.is_file()), None)
    if path is None:
        raise ContractError(
            f"{committed} is missing. Run `python -m benchmarks.frontier teacher {name}` first."
        )
    model = build(config.candidate(name).network, read_form(), name)
    with np.load(path) as weights:
        model.set_weights(
            [weights[f"w{place}"].astype(np.float32) for place in range(len(weights.files))]
        )
    return model


def answers(config: Config) -> None:
    """Ask the teachers about every view, write the distillation targets and the teachers' weights.

    Raises:
        ContractError: A teacher was not trained yet, or their mean is less accurate than it must be.
    """
    backend.set_threads(1)
    views, folder, data, form = config.views, answers_folder(config), read_data(), read_form()
    teachers = read_teachers(config)
    score = evaluate(ensemble_of(teachers, views.augmentation), data.validation)
    if score.accuracy < config.min_teachers:
        raise ContractError(
            f"the teachers reach {score.accuracy:.4f} on validation, and no student is trained below "
            f"{config.min_teachers:.4f}. Name better ones in {CONFIG.name}."
        )
    seeds = view_seeds(views.number, config.seed)
    computing = [computing_in(model, config.candidate(model.name).compute_dtype) for model in teachers]
    with counting(folder):
        answers = answer_views(
            computing, data.training.images, views.augmentation, form.fill, seeds, folder
        )
    write_json(folder / "made.json", {"validation": score.model_dump(), "cpu_s": total(folder)})
    write_targets(targets_folder(config), answers, views.augmentation, seeds)
    for model in teachers:
        if not teacher_file(config, model.name).is_file():
            write_weights(teacher_file(config, model.name), model)


def student(config: Config, budget: str, seed: int) -> None:
    """Train the flip-averaged student of a budget with a seed, and convert it to int8.

    Raises:
        ParamsError: There is no such budget, or the file is larger than it.
    """
    backend.set_threads(1)
    plan, folder, data = config.budget(budget), student_folder(config, budget, seed), read_data()
    own = derived_seed(config.seed, "student", seed)
    targets = read_targets(targets_folder(config), config.distillation)
    with counting(folder):
        backend.seed_everything(own)
        model = build(plan.network, read_form(), folder.name)
        job = TrainingJob(
            data.training, data.validation, read_form(), plan.recipe, own, targets, folder,
            plan.compute_dtype,
        )  # fmt: skip
        history = loop.train(model, job)
    macs, model = 2 * count_macs(model), flip_averaged(model, folder.name)
    rows = sample_rows(data.training.labels, config.num_calibration, own)
    content = INT8.convert(model, data.training.images[rows])
    if len(content) > int(budget):
        raise ParamsError(
            f"the int8 file has {len(content)} bytes, its budget is {budget}. Take a smaller network."
        )
    write_bytes(folder / "int8.tflite", content)
    keep(folder, model, data, history, plan.recipe, macs=macs)


def keep(
    folder: Path,
    model: KerasModel,
    data: FrontierData,
    history: History,
    recipe: Recipe,
    *,
    macs: int,
    ensemble: Score | None = None,
) -> None:
    """Write a trained model, its history and cost; last its host, which marks it as finished.

    ``ensemble`` is the score of its mean over an image and the mirror image, of a teacher.
    """
    backend.save_h5(model, folder / "model.h5")
    write_text(folder / "history.csv", history_csv(history))
    record = {
        "validation": evaluate(model, data.validation).model_dump(),
        "ensemble": ensemble.model_dump() if ensemble else None,
        "cpu_s": total(folder),
        "num_parameters": model.count_params(),
        "macs": macs,
        "recipe": recipe.model_dump(),
        "host": describe_host(),
        "versions": installed(),
    }
    write_json(folder / "made.json", record)
