"""How models are fine-tuned for conversion."""

from typing import Annotated

from litesmith.params.section import Count, Items, Section, Threads, about
from litesmith.params.sections.recipe import Distillation, Recipe


class Clustering(Section):
    """Sharing of values among weights; 16 values need four bits each once compressed."""

    num_clusters: Annotated[int, about("Distinct values of a clustered kernel.", ge=2, le=256)]
    min_weights: Annotated[Count, about("Layers with fewer weights keep all their values.")]


class QuantizeParams(Section):
    """Fine-tuning for conversion; each variant is a model more, with an int8 file."""

    variants: Annotated[Items[str], about("Names in litesmith/compression/variants, a model each.")]
    clustering: Clustering
    distillation: Distillation
    recipe: Recipe
    num_threads: Threads
