"""The classes: none is recognized less often than before."""

from litesmith.judging.case import Case
from litesmith.judging.gates.gate import Finding, Gate, p_value
from litesmith.params.sections.judge import JudgeParams
from litesmith.records.service.judge import ClassChange


def _judge(case: Case, params: JudgeParams) -> Finding:
    """Judge every class by McNemar's exact test, corrected by Holm.

    It sees no loss where images are few; how large one may be there is for the budget of negative flips.
    """
    if case.changes is None:
        return Finding(None, "There is nothing to compare with.")
    worse = [change for change in case.changes.classes if change.p_worse <= params.level]
    if worse:
        return Finding(False, f"Recognized less often than before: {', '.join(map(_shown, worse))}.")
    weakest = min(case.changes.classes, key=lambda change: change.p_worse)
    return Finding(True, f"No class is shown to have lost; nearest to it is {_shown(weakest)}.")


def _shown(change: ClassChange) -> str:
    return (
        f"{change.name} ({change.num_gained} gained, {change.num_lost} lost of {change.num_images}, "
        f"{p_value(change.p_worse)})"
    )


CLASSES = Gate("classes", _judge, compares=True)
