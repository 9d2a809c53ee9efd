"""The numbers of the benchmark."""

from typing import Annotated

from pydantic import Field

from litesmith.params.section import Count, Fraction, Items, Section, Share


class Plan(Section):
    """All of ``intake.yaml``."""

    seed: Count
    num_base: Count
    sound_sizes: Annotated[Items[Count], Field(min_length=1)]
    whole_size: Count
    single_size: Count
    num_random: Count
    num_mixed: Count
    num_lit: Count
    max_mix_shift: Fraction
    max_brightness_shift: Fraction
    shares: Items[Fraction]
    num_draws: Count
    flipped_share: Fraction
    num_flipped_draws: Count
    max_held: Fraction
    min_flipped: Fraction
    least: dict[str, Share]
    timed: Items[Count]
    timed_batch: Count
    timed_base_share: Fraction
    max_s: float
    goal_s: float
    max_one_more_s: float
    max_memory_mb: float
