"""The numbers of the benchmark, from ``benchmarks/kills.yaml``."""

from pathlib import Path

from pydantic import JsonValue

from benchmarks.numbers import read_numbers
from litesmith.params.section import Count, Section, Seed

CONFIG = Path(__file__).parent.with_suffix(".yaml")


class Plan(Section):
    """All of ``kills.yaml``."""

    seed: Seed
    num_base: Count
    num_test: Count
    num_batch: Count
    overlay: dict[str, JsonValue]


def read_config() -> Plan:
    """Read and check ``kills.yaml``."""
    return read_numbers(CONFIG, Plan)
