"""The device: bytes, work, activations and memory within its limits."""

from litesmith.judging.case import Case
from litesmith.judging.gates.gate import Finding, Gate
from litesmith.params.sections.judge import JudgeParams
from litesmith.records.device import LimitCheck
from litesmith.wording import count


def _judge(case: Case, params: JudgeParams) -> Finding:
    known = {check.name for check in case.limits if check.met is not None}
    broken = [check for check in case.limits if check.met is False]
    missing = [name for name in params.device.required if name not in known]
    told = [f"{_shown(check)}: too much" for check in broken]
    told += [f"{name} was not measured, and judge.device.required asks for it" for name in missing]
    told += [_shown(check) for check in case.limits if check.met]
    return Finding(not broken and not missing, f"{'; '.join(told)}." if told else "It has no limit.")


def _shown(check: LimitCheck) -> str:
    unit = f" {check.unit}" if check.unit else ""
    return f"{check.label} {count(check.measured or 0)} of {count(check.limit)}{unit}"


DEVICE = Gate("device", _judge)
