"""How models are fine-tuned for conversion."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Items, Section, Threads
from litesmith.params.sections.recipe import Distillation, Recipe


class Clustering(Section):
    """Sharing of values among weights; 16 values need four bits each once compressed."""

    num_clusters: Annotated[
        int, Field(ge=2, le=256, description="Distinct values of a clustered kernel.")
    ]
    min_weights: Annotated[Count, Field(description="Layers with fewer weights keep all their values.")]


class QuantizeParams(Section):
    """Fine-tuning for conversion; each variant is a model more, with an int8 file."""

    variants: Annotated[
        Items[str],
        Field(
            description="Ways to make a model for conversion; litesmith/compression/variants has them."
        ),
    ]
    clustering: Clustering
    distillation: Distillation
    recipe: Recipe
    num_threads: Threads
