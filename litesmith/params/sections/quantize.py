"""How models are fine-tuned for conversion."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Section, Threads
from litesmith.params.sections.recipe import LessonParams, RecipeParams


class ClusteringParams(Section):
    """How weights come to share values."""

    num_clusters: Annotated[
        int, Field(ge=2, le=256, description="Distinct values of a clustered kernel.")
    ]
    min_weights: Annotated[Count, Field(description="Layers with fewer weights keep all their values.")]


class QuantizeParams(Section):
    """How models are fine-tuned for what conversion does to them; each way is a model more, with an int8 file."""

    variants: Annotated[
        list[str],
        Field(
            description="Ways to make a model for conversion; litesmith/compression/variants has them."
        ),
    ]
    clustering: ClusteringParams
    lesson: LessonParams
    recipe: RecipeParams
    num_threads: Threads
