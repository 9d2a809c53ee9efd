"""The comparison with the file in service, image by image."""

from litesmith.judging.case import Case
from litesmith.judging.gates.gate import Finding, Gate, p_value, percent, points, unsigned_points
from litesmith.params.sections.judge import JudgeParams
from litesmith.records.service.judge import Comparison, Merit


def merit(case: Case, params: JudgeParams) -> Merit | None:
    """Return why accuracy and size speak for a candidate, None if they do not.

    It is better by McNemar's exact test; or the interval of the difference excludes a loss of
    ``comparison.max_loss``, and the file is smaller, or one that is no worse was asked for.
    """
    if case.changes is None:
        return "first"
    seen, asked = case.changes.comparison, params.comparison
    if seen.p_better <= params.level:
        return "better"
    if seen.difference.low > -asked.max_loss:
        if _is_smaller(case, params):
            return "smaller"
        if asked.accept_no_worse:
            return "asked for"
    return None


def describe(seen: Comparison) -> str:
    """Return a difference with its interval, and the p-value that it is a gain."""
    difference = seen.difference
    return (
        f"{points(difference.mean)} ({points(difference.low)} to {points(difference.high)}; "
        f"{seen.num_gained} gained, {seen.num_lost} lost, {p_value(seen.p_better)})"
    )


def _judge(case: Case, params: JudgeParams) -> Finding:
    if case.changes is None:
        return Finding(None, "There is nothing to compare with.")
    seen, why = case.changes.comparison, merit(case, params)
    text = (
        f"Accuracy {percent(seen.candidate.value)} against {percent(seen.released.value)} in service: "
        f"{describe(seen)}."
    )
    if why is not None:
        return Finding(True, f"{_MERITS[why]}. {text}")
    if seen.p_worse <= params.level:
        return Finding(False, f"It is worse ({p_value(seen.p_worse)}). {text}")
    least = unsigned_points(seen.smallest_gain)
    return Finding(None, f"These images show a gain from {least} on, and no smaller one. {text}")


def _is_smaller(case: Case, params: JudgeParams) -> bool:
    if case.released_bytes is None:
        return False
    return case.candidate_bytes <= case.released_bytes * (1 - params.comparison.smaller_share)


_MERITS: dict[Merit, str] = {
    "better": "It is better by McNemar's exact test",
    "smaller": "It is no worse than allowed, and smaller",
    "asked for": "It is no worse than allowed, which is asked for",
}

COMPARISON = Gate("comparison", _judge, compares=True)
