"""The pipeline: the steps, in the order in which they run."""

from tasks.dag.step import Step
from tasks.steps.arrivals import arrivals
from tasks.steps.baseline import baseline
from tasks.steps.convert import convert
from tasks.steps.evaluate import evaluate
from tasks.steps.fetch import fetch
from tasks.steps.intake import intake
from tasks.steps.judge import judge
from tasks.steps.package import package
from tasks.steps.prepare import prepare
from tasks.steps.prune import prune
from tasks.steps.quantize import quantize
from tasks.steps.report import report
from tasks.steps.sweep import sweep
from tasks.steps.teach import teach
from tasks.steps.validate import validate

PIPELINE: tuple[Step, ...] = (
    fetch,
    arrivals,
    intake,
    validate,
    prepare,
    baseline,
    teach,
    sweep,
    prune,
    quantize,
    convert,
    evaluate,
    judge,
    report,
    package,
)


def named(name: str) -> Step:
    """Return the step of this name, or raise `KeyError`."""
    return {step.name: step for step in PIPELINE}[name]
