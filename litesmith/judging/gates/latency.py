"""Latency: the median of single runs, in turns with the file in service."""

from litesmith.judging.case import Case
from litesmith.judging.gates.gate import Finding, Gate
from litesmith.params.sections.judge import JudgeParams


def _judge(case: Case, params: JudgeParams) -> Finding:
    """Judge by facts; numbers, which differ from run to run, stand elsewhere."""
    if not params.latency.timed:
        return Finding(True, "Nothing was timed, as judge.latency.timed is false.")
    seen, allowed = case.latency, f"{params.latency.max_slowdown:g} times"
    if seen is None:
        return Finding(None, "It was not timed, and judge.latency.timed asks for that.")
    if not seen.fits:
        return Finding(False, "It is slower on this host than the device's limit.")
    if seen.slower:
        return Finding(False, f"It takes more than {allowed} the time of the file in service.")
    beside = "" if seen.slower is None else f", and at most {allowed} the time of the file in service"
    return Finding(
        True, f"On this host it is within the limit{beside}. The device's own time is not known."
    )


LATENCY = Gate("latency", _judge)
