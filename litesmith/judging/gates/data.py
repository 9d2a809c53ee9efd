"""The data: validated, and not synthetic."""

from litesmith.judging.case import Case
from litesmith.judging.gates.gate import Finding, Gate
from litesmith.params.sections.judge import JudgeParams


def _judge(case: Case, params: JudgeParams) -> Finding:
    if not case.validated:
        return Finding(False, "The data did not pass their validation.")
    if case.synthetic and params.refuse_synthetic:
        return Finding(
            False,
            "The images are synthetic, and judge.refuse_synthetic keeps their models out of service.",
        )
    return Finding(True, "The data passed their validation.")


DATA = Gate("data", _judge)
