"""The pipeline: the rooms, in the order in which they run."""

from tasks.baseline import baseline
from tasks.convert import convert
from tasks.dag.step import Step
from tasks.evaluate import evaluate
from tasks.fetch import fetch
from tasks.prepare import prepare
from tasks.prune import prune
from tasks.quantize import quantize
from tasks.report import report
from tasks.sweep import sweep
from tasks.teach import teach
from tasks.validate import validate

PIPELINE: tuple[Step, ...] = (
    fetch,
    validate,
    prepare,
    baseline,
    teach,
    sweep,
    prune,
    quantize,
    convert,
    evaluate,
    report,
)


def named(name: str) -> Step:
    """Return the step of this name.

    Raises:
        KeyError: There is none.
    """
    return {one.name: one for one in PIPELINE}[name]
