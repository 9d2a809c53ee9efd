"""Negative flips: what was right in service and would be wrong.

Source: Yan et al., "Positive-congruent training", arXiv:2011.09161.
"""

from litesmith.analysis.intervals import Estimate
from litesmith.judging.case import Case
from litesmith.judging.gates.gate import Finding, Gate, all_of, at_most, percent
from litesmith.params.sections.judge import JudgeParams


def _judge(case: Case, params: JudgeParams) -> Finding:
    if case.changes is None:
        return Finding(None, "There is nothing to compare with.")
    overall, budget = case.changes.flips, params.flips
    worst = max(case.changes.classes, key=lambda change: change.flips.high)
    facts = [
        at_most(overall, budget.max_share),
        *(at_most(change.flips, budget.max_class_share) for change in case.changes.classes),
    ]
    return Finding(
        all_of(facts),
        f"Right in service and wrong now: {_shown(overall)} of all, {percent(budget.max_share)} "
        f"allowed; {_shown(worst.flips)} of {worst.name}, {percent(budget.max_class_share)} allowed of "
        "a class.",
    )


def _shown(flips: Estimate) -> str:
    return f"{percent(flips.value)} (at most {percent(flips.high)})"


FLIPS = Gate("flips", _judge, compares=True)
