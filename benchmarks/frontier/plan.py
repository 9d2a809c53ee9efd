"""The plan of the frontier, from ``benchmarks/frontier.yaml``, and its folders."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from benchmarks.cache import name_for
from benchmarks.numbers import read_numbers
from litesmith.errors import ParamsError
from litesmith.params.section import ComputeDtype, Count, Section, Seed, Share
from litesmith.params.sections.network import NetworkParams
from litesmith.params.sections.recipe import Distillation, Recipe

CONFIG = Path(__file__).parents[1] / "frontier.yaml"
# Permanent files, of any machine; the rest is unfinished work, which git does not hold.
RESULT = Path("benchmarks/results/frontier.json")
MODELS = Path("benchmarks/models")
WORK = Path(".litesmith/frontier")


class Teachers(Section):
    """The teachers of all students."""

    number: Count
    num_views: Count
    network: NetworkParams
    recipe: Recipe
    compute_dtype: ComputeDtype


class Budget(Section):
    """The student of a budget, and the accuracy on test that its seeds must reach on average."""

    must: Share
    goal: Share
    network: NetworkParams
    recipe: Recipe
    compute_dtype: ComputeDtype


class Config(Section):
    """All of ``frontier.yaml``."""

    seed: Seed
    teachers: Teachers
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
        if name not in self.budgets:
            raise ParamsError(
                f"{name} is no budget of {CONFIG.name}. Expected one of {', '.join(self.budgets)}."
            )
        return self.budgets[name]

    def fingerprint(self, name: str) -> str:
        """Return 16 hexadecimal digits from all numbers that decide the student of a budget."""
        deciding = {
            **self.model_dump(exclude={"budgets", "seeds", "max_quantization_loss"}),
            "student": {},
        }
        deciding["student"] = self.budget(name).model_dump(exclude={"must", "goal"})
        return name_for(deciding, num_digits=16)

    def teacher_fingerprint(self) -> str:
        """Return 12 hexadecimal digits that follow from every number that decides a teacher."""
        return name_for([self.seed, self.teachers.model_dump(exclude={"number", "num_views"})])


def read_config() -> Config:
    """Read and check ``frontier.yaml``."""
    return read_numbers(CONFIG, Config)


# Work with other numbers has other folders, so that earlier work is not taken for theirs.


def teacher_name(number: int) -> str:
    """Return the name of a teacher."""
    return f"teacher{number}"


def teacher_folder(config: Config, number: int) -> Path:
    """Return the folder of a teacher."""
    return WORK / config.teacher_fingerprint() / teacher_name(number)


def teacher_file(config: Config, number: int) -> Path:
    """Return the file of a teacher's weights, which all students share wherever they are trained."""
    return MODELS / f"{teacher_name(number)}-{config.teacher_fingerprint()}.npz"


def answers_folder(config: Config) -> Path:
    """Return the folder of what the teachers answered."""
    return WORK / f"answers-{name_for([config.seed, config.teachers.model_dump()])}"


def targets_folder(config: Config) -> Path:
    """Return the folder of the distillation targets that follows from what the teachers answered."""
    return answers_folder(config) / "targets"


def student_folder(config: Config, budget: str, seed: int) -> Path:
    """Return the folder of a student, whose name is the student's."""
    return WORK / config.fingerprint(budget) / f"student-{budget}-{seed}"
