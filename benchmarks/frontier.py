"""The most accurate small files: four budgets of bytes, three seeds each, all taught by the same teachers.

Every command goes on from where a killed one stopped, epoch by epoch. In the order in which they need each other:

    python -m benchmarks.frontier teacher 1         train a teacher; the next one may run beside it
    python -m benchmarks.frontier answers           ask the teachers about every view of the training images
    python -m benchmarks.frontier student 16000 1   train the student of a budget and a seed and convert it to int8

Teachers and students learn from the pipeline's train and gate splits and are judged on its validation split; `dvc repro
prepare` makes these. What is not finished lies in `.litesmith/frontier`.
"""

import argparse
import logging
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from benchmarks.spent import counting, total
from litesmith import keras, training
from litesmith.errors import ParamsError
from litesmith.files import write_bytes, write_json, write_text
from litesmith.host import describe_host
from litesmith.keras import derived_seed
from litesmith.lite import convert
from litesmith.networks import NetworkSpec, build_network, count_macs
from litesmith.params import Count, LessonParams, NetworkParams, RecipeParams, Section, Seed
from litesmith.splits import Split, read_split, sample_rows
from litesmith.teaching import Share, ask, mean_of, read_lesson, train_teacher, view_seeds, write_lesson
from litesmith.training import Recipe
from tasks import catalog

CONFIG = Path(__file__).with_suffix(".yaml")
WORK = Path(".litesmith/frontier")


class Teachers(Section):
    """The teachers of all students."""

    number: Count
    num_views: Count
    network: NetworkParams
    recipe: RecipeParams


class Budget(Section):
    """The student of a budget."""

    network: NetworkParams
    recipe: RecipeParams


class Config(Section):
    """All of ``frontier.yaml``."""

    seed: Seed
    teachers: Teachers
    lesson: LessonParams
    num_calibration: Count
    seeds: list[int]
    budgets: dict[str, Budget]


def main() -> None:
    """Run one command."""
    parser = argparse.ArgumentParser(prog="python -m benchmarks.frontier", description=__doc__)
    parser.formatter_class = argparse.RawDescriptionHelpFormatter
    commands = parser.add_subparsers(dest="command", required=True)
    commands.add_parser("teacher").add_argument("number", type=int)
    commands.add_parser("answers")
    entry = commands.add_parser("student")
    entry.add_argument("budget")
    entry.add_argument("seed", type=int)
    asked = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    config = Config.model_validate(yaml.safe_load(CONFIG.read_text()))
    keras.set_threads(1)
    if asked.command == "teacher":
        teacher(config, asked.number)
    elif asked.command == "answers":
        answers(config)
    else:
        student(config, asked.budget, asked.seed)


def teacher(config: Config, number: int) -> None:
    """Train one teacher into ``.litesmith/frontier/teachers``."""
    asked, folder = config.teachers, WORK / f"teacher{number}"
    recipe = asked.recipe.into(Recipe)
    with counting(folder):
        model, history = train_teacher(
            network(asked.network), recipe, taught(), validation(), name=folder.name, seed=config.seed, work=folder
        )
    keep(folder, model, history, recipe)


def answers(config: Config) -> None:
    """Ask the teachers about every view and write the lesson."""
    recipe = config.teachers.recipe.into(Recipe)
    names = [f"teacher{number}" for number in range(1, config.teachers.number + 1)]
    teachers = [keras.load_h5(WORK / name / "model.h5") for name in names]
    seeds, folder = view_seeds(config.teachers.num_views, config.seed), WORK / "answers"
    with counting(folder):
        given = ask(teachers, taught().images, recipe.augmentation, seeds, folder)
        score = training.evaluate(mean_of(teachers), validation())
    write_json(folder / "made.json", {"validation": score.to_plain(), "cpu_s": total(folder)})
    write_lesson(WORK / "lesson", given, recipe.augmentation, seeds)


def student(config: Config, budget: str, seed: int) -> None:
    """Train the student of a budget with one seed and convert it to int8.

    Raises:
        ParamsError: The file is larger than the budget.
    """
    asked, folder, data = config.budgets[budget], WORK / f"student-{budget}-{seed}", taught()
    recipe, own = asked.recipe.into(Recipe), derived_seed(config.seed, "student", seed)
    lesson = read_lesson(WORK / "lesson", config.lesson.into(Share), np.arange(len(data.labels)))
    with counting(folder):
        keras.seed_everything(own)
        model = build_network(network(asked.network), f"student-{budget}-{seed}")
        history = training.train(model, data, validation(), recipe, seed=own, work=folder, lesson=lesson)
    content = convert(model, "int8", data.images[sample_rows(data.labels, config.num_calibration, own)])
    if len(content) > int(budget):
        raise ParamsError(f"the int8 file has {len(content)} bytes, its budget is {budget}. Take a smaller network.")
    write_bytes(folder / "int8.tflite", content)
    keep(folder, model, history, recipe)


def keep(folder: Path, model: Any, history: training.History, recipe: Recipe) -> None:
    """Write a trained model, how it learned and what it cost, the host beside it."""
    keras.save_h5(model, folder / "model.h5")
    write_text(folder / "history.csv", training.history_csv(history))
    score = training.evaluate(model, validation()).to_plain()
    made = {"validation": score, "cpu_s": total(folder), "host": describe_host(), "recipe": asdict(recipe)}
    cost = {"num_parameters": model.count_params(), "macs": count_macs(model)}
    write_json(folder / "made.json", {**made, **cost})


def network(params: NetworkParams) -> NetworkSpec:
    """Return the network that the parameters describe, for the images of the training split."""
    _, height, width = read_split(catalog.TRAIN).images.shape
    size = {"height": height, "width": width, "num_classes": int(read_split(catalog.TRAIN).labels.max()) + 1}
    return NetworkSpec.from_plain({**size, **params.model_dump()})


def taught() -> Split:
    """Return what teachers and students learn from: the train and the gate split, one after the other."""
    parts = [read_split(catalog.TRAIN), read_split(catalog.GATE)]
    images, labels, ids = (
        np.concatenate([getattr(one, name) for one in parts]) for name in ("images", "labels", "ids")
    )
    return Split(images, labels, ids)


def validation() -> Split:
    """Return what every choice is made on."""
    return read_split(catalog.VALIDATION)


if __name__ == "__main__":
    main()
