"""The pipeline: the rooms, in the order in which they run."""

from tasks.dag.step import Step
from tasks.fetch import fetch
from tasks.prepare import prepare
from tasks.validate import validate

PIPELINE: tuple[Step, ...] = (fetch, validate, prepare)


def named(name: str) -> Step:
    """Return the step of this name.

    Raises:
        KeyError: There is none.
    """
    return {one.name: one for one in PIPELINE}[name]
