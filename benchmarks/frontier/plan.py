"""What the frontier is made of, as ``benchmarks/frontier.yaml`` says it, and where its unfinished work lies."""

from pathlib import Path
from typing import Annotated

import yaml
from pydantic import Field

from litesmith.errors import ParamsError
from litesmith.params import Count, LessonParams, NetworkParams, RecipeParams, Section, Seed, Share

CONFIG = Path(__file__).parents[1] / "frontier.yaml"
WORK = Path(".litesmith/frontier")
ANSWERS = WORK / "answers"
LESSON = WORK / "lesson"


class Teachers(Section):
    """The teachers of all students."""

    number: Count
    num_views: Count
    network: NetworkParams
    recipe: RecipeParams


class Budget(Section):
    """The student of a budget, and the accuracy on test that its seeds must reach on average."""

    must: Share
    goal: Share
    network: NetworkParams
    recipe: RecipeParams


class Config(Section):
    """All of ``frontier.yaml``."""

    seed: Seed
    teachers: Teachers
    lesson: LessonParams
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
            raise ParamsError(f"{name} is no budget of {CONFIG.name}. Expected one of {', '.join(self.budgets)}.")
        return self.budgets[name]


def read_config() -> Config:
    """Read and check ``frontier.yaml``."""
    return Config.model_validate(yaml.safe_load(CONFIG.read_text()))


def teacher_folder(number: int) -> Path:
    """Return the folder of a teacher, whose name is the teacher's."""
    return WORK / f"teacher{number}"


def student_folder(budget: str, seed: int) -> Path:
    """Return the folder of a student, whose name is the student's."""
    return WORK / f"student-{budget}-{seed}"
