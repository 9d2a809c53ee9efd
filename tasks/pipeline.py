"""The pipeline: the rooms, in the order in which they run."""

from tasks.dag.step import Step

PIPELINE: tuple[Step, ...] = ()


def named(name: str) -> Step:
    """Return the step of this name.

    Raises:
        KeyError: There is none.
    """
    return {one.name: one for one in PIPELINE}[name]
