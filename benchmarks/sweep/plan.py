"""The plan of both searches, from ``benchmarks/sweep.yaml``, and the folders of their work."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from benchmarks.cache import name_for
from benchmarks.numbers import read_numbers
from litesmith.device.limits import search_limits
from litesmith.errors import ParamsError
from litesmith.params.everything import Params
from litesmith.params.section import Count, Section, Seed
from litesmith.params.sections.dataset import Division
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.network import NetworkParams
from litesmith.params.sections.recipe import Recipe, Schedule
from litesmith.params.sections.sweep import Positive, Rung, Space

CONFIG = Path(__file__).parents[1] / "sweep.yaml"
WORK = Path(".litesmith/sweep")


class Halving(Section):
    """How our search goes about it; the words are those of ``sweep`` in ``params.yaml``."""

    num_trials: Annotated[Count, Field(description="After which it gives up.")]
    batch_trials: Count
    startup_trials: Count
    reduction: Annotated[int, Field(ge=2)]
    short: Annotated[list[Rung], Field(min_length=1, description="The rungs before the full training.")]


class Searches(Section):
    """What decides the results of both searches."""

    seed: Seed
    full: Rung
    num_random: Annotated[Count, Field(description="Trials of the random search.")]
    halving: Halving
    max_asks: Count
    num_stages: Annotated[int, Field(ge=1, le=4)]
    stem_stride: Annotated[int, Field(ge=1, le=2)]
    residual: bool
    separable: bool
    space: Space
    schedule: Schedule


class WorkersTrial(Section):
    """A trial that both kinds of workers train."""

    num_rows: Count
    network: NetworkParams
    recipe: Recipe


class Workers(Section):
    """How workers are timed."""

    num_trials: Annotated[
        Count, Field(description="Of each kind, in a round; they differ in their seed alone.")
    ]
    rounds: Count
    trials: Annotated[dict[str, WorkersTrial], Field(min_length=1, description="By kind.")]


class Config(Section):
    """All of ``sweep.yaml``."""

    seeds: Annotated[list[int], Field(min_length=1)]
    max_share: Positive
    max_trial_cpu_s: Positive
    min_speedup: Positive
    searches: Searches
    workers: Workers


def read_config() -> Config:
    """Read and check ``sweep.yaml``."""
    return read_numbers(CONFIG, Config)


def seed_folder(config: Config, params: Params, seed: int) -> Path:
    """Return the folder of both searches with one seed.

    Raises:
        ParamsError: It is none of those that count.
    """
    if seed not in config.seeds:
        raise ParamsError(
            f"{seed} is no seed of {CONFIG.name}. Expected one of {config.seeds}: exactly these count."
        )
    decided = _hash(
        config.searches,
        search_limits(params.device.part(HardLimits), params.sweep.budget),
        params.dataset.part(Division),
    )
    return WORK / decided / f"seed-{seed}"


def workers_file(config: Config) -> Path:
    """Return the file with the times of both kinds of workers."""
    return WORK / f"workers-{_hash(config.workers)}" / "times.json"


def _hash(*sections: Section) -> str:
    """Return a name for some numbers: with other ones nothing is gone on with."""
    return name_for([section.deciding() for section in sections])
