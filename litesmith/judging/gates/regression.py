"""The regression set: pictures that once went wrong in the field."""

from litesmith.judging.case import Case
from litesmith.judging.gates.gate import Finding, Gate
from litesmith.params.sections.judge import JudgeParams

_SHOWN = 5


def _judge(case: Case, params: JudgeParams) -> Finding:
    """Judge whether what is right in service stays right.

    Without such a file all pictures must be right.
    """
    wrong = [answer for answer in case.regression if answer.candidate != answer.label]
    lost = [answer for answer in wrong if answer.released in (None, answer.label)]
    if not case.regression:
        return Finding(True, "The regression set is empty: `python -m tasks regress add` fills it.")
    names = case.class_names
    named = ", ".join(
        f"{answer.file} ({names[answer.label]} taken for {names[answer.candidate]})"
        for answer in lost[:_SHOWN]
    )
    more = f", and {len(lost) - _SHOWN} more" if len(lost) > _SHOWN else ""
    text = f"{len(case.regression) - len(wrong)} of {len(case.regression)} pictures are right"
    others = len(wrong) - len(lost)
    text += f", {others} are wrong in service too" if others else ""
    text += f"; wrong, and not so in service: {named}{more}" if lost else ""
    return Finding(
        len(lost) <= params.regression.max_wrong,
        f"{text}. At most {params.regression.max_wrong} may be lost.",
    )


REGRESSION = Gate("regression", _judge)
