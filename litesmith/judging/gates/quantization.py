"""Quantization: what integers cost against the Keras model."""

from litesmith.analysis.paired import paired
from litesmith.judging.case import Case
from litesmith.judging.gates.gate import Finding, Gate, percent, points
from litesmith.params.sections.judge import JudgeParams


def _judge(case: Case, params: JudgeParams) -> Finding:
    """Judge whether a loss that matters is excluded, even if another shows."""
    allowed = params.quantization.max_loss
    cost = paired(case.candidate == case.labels, case.keras == case.labels)
    return Finding(
        True if cost.low > -allowed else False if cost.high < 0 else None,
        f"Against its Keras model {points(cost.mean)} ({points(cost.low)} to {points(cost.high)}); a "
        f"loss of {percent(allowed)} must be excluded.",
    )


QUANTIZATION = Gate("quantization", _judge)
