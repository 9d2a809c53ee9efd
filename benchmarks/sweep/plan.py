"""The plan of both searches, from ``benchmarks/sweep.yaml``, and the folders of their work."""

from pathlib import Path
from typing import Annotated

from pydantic import Field

from benchmarks.cache import name_for
from benchmarks.numbers import read_numbers
from litesmith.errors import ParamsError
from litesmith.params.loading import parse_params, read_sections
from litesmith.params.section import Count, Section, Seed
from litesmith.params.sections.device import HardLimits
from litesmith.params.sections.sweep import Positive, SearchParams
from tasks import catalog

CONFIG = Path(__file__).parents[1] / "sweep.yaml"
WORK = Path(".litesmith/sweep")


class SetSize(Section):
    """Images of a data set."""

    num_train: Count
    num_validation: Count


class Searches(Section):
    """What decides the results of both searches, besides the default's sweep."""

    seed: Seed
    sets: Annotated[dict[str, SetSize], Field(min_length=1)]
    num_random: Annotated[Count, Field(description="Trials of the random search.")]
    limits: HardLimits


class Workers(Section):
    """How workers are timed."""

    num_trials: Count
    rounds: Count


class Config(Section):
    """All of ``sweep.yaml``."""

    seeds: Annotated[list[int], Field(min_length=1)]
    max_share: Positive
    max_worse: Annotated[int, Field(ge=0)]
    min_speedup: Positive
    searches: Searches
    workers: Workers


def read_config() -> Config:
    """Read and check ``sweep.yaml``."""
    return read_numbers(CONFIG, Config)


def default_search(root: Path = Path()) -> SearchParams:
    """Return the sweep of ``params.yaml`` without what a data set pins, on one thread.

    CPU-seconds are compared, and a second thread costs more of them than it saves time.
    """
    params = parse_params(read_sections(root / catalog.PARAMS), root)
    return params.sweep.part(SearchParams).replace(trial_threads=1)


def random_search(params: SearchParams, num_trials: int) -> SearchParams:
    """Return the search of the same space that draws every trial at random and trains it in full."""
    return params.replace(
        num_trials=num_trials,
        max_work=None,
        batch_trials=num_trials,
        # As long as fewer trials are known, the sampler draws at random.
        startup_trials=num_trials + 1,
        # Of one rung, it halves nothing.
        reduction=2,
        rungs=params.rungs[-1:],
        first_trials=(),
    )


def search_folder(config: Config, params: SearchParams, name: str, seed: int) -> Path:
    """Return the folder of a search on a data set with one seed.

    Raises:
        ParamsError: The seed or the data set is none of those that count.
    """
    searches = config.searches
    for what, given, known in (
        ("seed", seed, config.seeds),
        ("data set", name, list(searches.sets)),
    ):
        if given not in known:
            raise ParamsError(
                f"{given} is no {what} of {CONFIG.name}. Expected one of {known}: exactly these count."
            )
    decided = name_for([searches.limits.deciding(), params.deciding()])
    return set_folder(config, name) / decided / f"seed-{seed}"


def set_folder(config: Config, name: str) -> Path:
    """Return the folder of a data set."""
    searches = config.searches
    return WORK / f"{name}-{name_for([searches.seed, searches.sets[name].deciding()])}"


def workers_file(config: Config) -> Path:
    """Return the file with the times of all kinds of workers."""
    return WORK / f"workers-{name_for(config.workers.deciding())}" / "times.json"
