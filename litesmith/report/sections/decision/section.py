"""The decision gate by gate, and the facts that decide nothing."""

from dataclasses import dataclass

from litesmith.records.service.judge import GateVerdict
from litesmith.records.summary import Fact
from litesmith.report.budget import budget
from litesmith.report.facts import known_facts
from litesmith.report.inputs import ReportInputs
from litesmith.report.reference import since_reference
from litesmith.report.section import Section
from litesmith.report.verdict import ground


@dataclass(frozen=True)
class DecisionSection:
    """What the section shows.

    Attributes:
        gates: Those that hold first, then those that cannot tell, then those that let pass.
        ground: On what the decision rests.
    """

    gates: tuple[GateVerdict, ...]
    ground: str
    facts: tuple[Fact, ...]


def build(inputs: ReportInputs) -> DecisionSection:
    """Return what the section shows."""
    order = (False, None, True)
    gates = sorted(inputs.decision.reasons, key=lambda gate: order.index(gate.passed))
    facts = known_facts(inputs, budget(inputs), since_reference(inputs))
    return DecisionSection(tuple(gates), ground(inputs.decision), facts)


SECTION = Section("decision", "Decision", build)
