"""The plan of the frontier, from ``benchmarks/frontier.yaml``, and its folders."""

from pathlib import Path
from typing import Annotated, TypeVar

from pydantic import Field

from benchmarks.cache import name_for
from benchmarks.frontier.data import read_rows
from benchmarks.frontier.networks import Network
from benchmarks.numbers import read_numbers
from litesmith.errors import ParamsError
from litesmith.params.section import ComputeDtype, Count, Items, Section, Seed, Share
from litesmith.params.sections.recipe import Augmentation, Distillation, Recipe

CONFIG = Path(__file__).parents[1] / "frontier.yaml"
# Permanent files, of any machine; the rest is unfinished work, which git does not hold.
RESULT = Path("benchmarks/results/frontier.json")
MODELS = Path("benchmarks/models")
WORK = Path(".litesmith/frontier")

Item = TypeVar("Item")


class Candidate(Section):
    """A network that may teach, and how it is trained."""

    network: Network
    recipe: Recipe
    compute_dtype: ComputeDtype


class Views(Section):
    """The views of the images that the teachers answer, and that students learn from."""

    number: Count
    augmentation: Augmentation


class Budget(Section):
    """The student of a budget, and the accuracy on test that its seeds must reach on average."""

    must: Share
    goal: Share
    network: Network
    recipe: Recipe
    compute_dtype: ComputeDtype


class Config(Section):
    """All of ``frontier.yaml``."""

    seed: Seed
    candidates: dict[str, Candidate]
    teachers: Annotated[Items[str], Field(min_length=1, description="Candidates that teach.")]
    min_teachers: Annotated[
        Share, Field(description="Least accuracy of the teachers' mean on validation.")
    ]
    views: Views
    distillation: Distillation
    num_calibration: Count
    seeds: Annotated[list[int], Field(min_length=1)]
    max_quantization_loss: Share
    budgets: dict[str, Budget]

    def budget(self, name: str) -> Budget:
        """Return the student of a budget.

        Raises:
            ParamsError: There is no such budget.
        """
        return _known(self.budgets, name, "budget")

    def candidate(self, name: str) -> Candidate:
        """Return a candidate.

        Raises:
            ParamsError: There is none of the name.
        """
        return _known(self.candidates, name, "candidate")

    def teacher_fingerprint(self, name: str) -> str:
        """Return 12 hexadecimal digits that follow from all that decides a candidate.

        Raises:
            ParamsError: There is none of the name.
        """
        return name_for([read_rows().digest, self.seed, self.candidate(name).model_dump(mode="json")])

    def answers_fingerprint(self) -> str:
        """Return 12 hexadecimal digits that follow from all that decides the teachers' answers."""
        teachers = [[name, self.teacher_fingerprint(name)] for name in self.teachers]
        return name_for([self.seed, teachers, self.views.model_dump(mode="json")])

    def fingerprint(self, name: str) -> str:
        """Return 16 hexadecimal digits that follow from all that decides the student of a budget."""
        student = self.budget(name).model_dump(mode="json", exclude={"must", "goal"})
        shared = [self.seed, self.distillation.model_dump(mode="json"), self.num_calibration]
        return name_for([self.answers_fingerprint(), *shared, student], num_digits=16)


def read_config() -> Config:
    """Read and check ``frontier.yaml``."""
    return read_numbers(CONFIG, Config)


def _known(items: dict[str, Item], name: str, what: str) -> Item:
    if name not in items:
        raise ParamsError(f"{name} is no {what} of {CONFIG.name}. Expected one of {', '.join(items)}.")
    return items[name]


# Work with other numbers or images has other folders, so that earlier work is not taken for theirs.


def teacher_folder(config: Config, name: str) -> Path:
    """Return the folder of a candidate, whose name is the candidate's."""
    return WORK / config.teacher_fingerprint(name) / name


def teacher_file(config: Config, name: str) -> Path:
    """Return the file of a teacher's weights, which all students share wherever they are trained."""
    return MODELS / f"{name}-{config.teacher_fingerprint(name)}.npz"


def answers_folder(config: Config) -> Path:
    """Return the folder of what the teachers answered."""
    return WORK / f"answers-{config.answers_fingerprint()}"


def targets_folder(config: Config) -> Path:
    """Return the folder of the distillation targets that follows from what the teachers answered."""
    return answers_folder(config) / "targets"


def student_folder(config: Config, budget: str, seed: int) -> Path:
    """Return the folder of a student, whose name is the student's."""
    return WORK / config.fingerprint(budget) / f"student-{budget}-{seed}"
