"""Train teachers, collect their answers, train and convert students."""

from pathlib import Path
from typing import Any

import numpy as np

from benchmarks.frontier.plan import (
    Config,
    answers_folder,
    student_folder,
    targets_folder,
    teacher_file,
    teacher_folder,
    teacher_name,
)
from benchmarks.networks import network_for, read_form
from benchmarks.record import installed
from benchmarks.spent import counting, total
from litesmith.compression.flip_averaging import flip_averaged
from litesmith.data.splits import Split, read_split, sample_rows
from litesmith.errors import ContractError, ParamsError
from litesmith.files import replacing, write_bytes, write_json, write_text
from litesmith.host import describe_host
from litesmith.params.sections.recipe import Recipe
from litesmith.tflite.precisions.int8 import INT8
from litesmith.training import backend, loop
from litesmith.training.backend import derived_seed
from litesmith.training.cost import count_macs
from litesmith.training.distillation import (
    answer_views,
    ensemble_of,
    read_targets,
    train_teacher,
    view_seeds,
    write_targets,
)
from litesmith.training.evaluation import evaluate
from litesmith.training.history import History, history_csv
from litesmith.training.job import TrainingJob
from litesmith.training.networks import build_network, computing_in
from tasks import catalog


def teacher(config: Config, number: int) -> None:
    """Train one teacher into its folder."""
    backend.set_threads(1)
    plan, folder, data = config.teachers, teacher_folder(config, number), training_split()
    with counting(folder):
        job = TrainingJob(
            data, validation(), read_form(), plan.recipe, config.seed,
            work=folder, compute_dtype=plan.compute_dtype,
        )  # fmt: skip
        model, history = train_teacher(network_for(plan.network), job, folder.name)
    keep(folder, model, history, plan.recipe, count_macs(model))
    write_weights(teacher_file(config, number), model)


def write_weights(path: Path, model: Any) -> None:
    """Write a model's weights as float16: half the bytes, and differences that no answer shows."""
    with replacing(path) as part:
        weights = {
            f"w{number}": weight.astype(np.float16) for number, weight in enumerate(model.get_weights())
        }
        np.savez_compressed(part, **weights)


def read_teachers(config: Config) -> list[Any]:
    """Return all teachers, with their committed weights.

    Raises:
        ContractError: One was not trained yet.
    """
    return [_read_teacher(config, number) for number in range(1, config.teachers.number + 1)]


def _read_teacher(config: Config, number: int) -> Any:
    path = teacher_file(config, number)
    if not path.is_file():
        raise ContractError(
            f"{path} is missing. Run `python -m benchmarks.frontier teacher {number}` first."
        )
    model = build_network(network_for(config.teachers.network), teacher_name(number))
    with np.load(path) as weights:
        model.set_weights(
            [weights[f"w{place}"].astype(np.float32) for place in range(len(weights.files))]
        )
    return model


def answers(config: Config) -> None:
    """Ask the teachers about every view and write the distillation targets."""
    backend.set_threads(1)
    augmentation, folder = config.teachers.recipe.augmentation, answers_folder(config)
    teachers = read_teachers(config)
    seeds = view_seeds(config.teachers.num_views, config.seed)
    computing = [computing_in(teacher, config.teachers.compute_dtype) for teacher in teachers]
    with counting(folder):
        images, fill = training_split().images, read_form().fill
        answers = answer_views(computing, images, augmentation, fill, seeds, folder)
        score = evaluate(ensemble_of(teachers, augmentation), validation())
    write_json(folder / "made.json", {"validation": score.model_dump(), "cpu_s": total(folder)})
    write_targets(targets_folder(config), answers, augmentation, seeds)


def student(config: Config, budget: str, seed: int) -> None:
    """Train the flip-averaged student of a budget with a seed, and convert it to int8.

    Raises:
        ParamsError: There is no such budget, or the file is larger than it.
    """
    backend.set_threads(1)
    plan, folder, data = config.budget(budget), student_folder(config, budget, seed), training_split()
    own = derived_seed(config.seed, "student", seed)
    targets = read_targets(targets_folder(config), config.distillation)
    with counting(folder):
        backend.seed_everything(own)
        model = build_network(network_for(plan.network), folder.name)
        job = TrainingJob(
            data, validation(), read_form(), plan.recipe, own, targets, folder, plan.compute_dtype
        )
        history = loop.train(model, job)
    macs, model = 2 * count_macs(model), flip_averaged(model, folder.name)
    content = INT8.convert(model, data.images[sample_rows(data.labels, config.num_calibration, own)])
    if len(content) > int(budget):
        raise ParamsError(
            f"the int8 file has {len(content)} bytes, its budget is {budget}. Take a smaller network."
        )
    write_bytes(folder / "int8.tflite", content)
    keep(folder, model, history, plan.recipe, macs)


def keep(folder: Path, model: Any, history: History, recipe: Recipe, macs: int) -> None:
    """Write a trained model, its history and cost; last its host, which marks it as finished."""
    backend.save_h5(model, folder / "model.h5")
    write_text(folder / "history.csv", history_csv(history))
    record = {
        "validation": evaluate(model, validation()).model_dump(),
        "cpu_s": total(folder),
        "num_parameters": model.count_params(),
        "macs": macs,
        "recipe": recipe.model_dump(),
        "host": describe_host(),
        "versions": installed(),
    }
    write_json(folder / "made.json", record)


def training_split() -> Split:
    """Return the images of teachers and students: the train split, then the gate split."""
    parts = [read_split(catalog.TRAIN), read_split(catalog.GATE)]
    images, labels, ids = (
        np.concatenate([getattr(part, name) for part in parts]) for name in ("images", "labels", "ids")
    )
    return Split(images, labels, ids)


def validation() -> Split:
    """Return the validation split, on which every choice is made."""
    return read_split(catalog.VALIDATION)
