"""The teachers and their training."""

from typing import Annotated

from litesmith.params.section import ComputeDtype, Count, Section, Threads, about
from litesmith.params.sections.network import NetworkParams
from litesmith.params.sections.recipe import Recipe


class TeachParams(Section):
    """Teachers: networks too large for the device that students learn from."""

    num_teachers: Annotated[int, about("0: learn from the labels alone.", ge=0, le=10)]
    num_views: Annotated[Count, about("Ways in which all training images are changed and answered.")]
    network: NetworkParams
    recipe: Recipe
    compute_dtype: ComputeDtype
    num_threads: Threads
