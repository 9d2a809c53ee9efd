"""What the record of a run keeps of its result."""

import hashlib
import json
from collections.abc import Mapping

from litesmith.judging.packing import unpack_answers
from litesmith.records.figures import SummaryFigures
from litesmith.records.run import Conditions, Cost, GateResult
from litesmith.records.service.judge import Decision
from litesmith.report.provenance import all_parameters, deciding_parameters

_DIGITS = 16
_TEST = "test"


def gate_result(decision: Decision) -> GateResult:
    """Return what a decision found of the final file.

    Raises:
        DataError: The answers in the decision are damaged.
    """
    labels, candidate, _, _ = unpack_answers(decision.evidence.answers)
    return GateResult(
        dataset=decision.dataset,
        device=decision.device,
        outcome=decision.outcome,
        file_sha256=decision.candidate.sha256,
        accuracy=float((labels == candidate).mean()),
        num_images=decision.gate.num_images,
        images_sha256=decision.gate.sha256,
    )


def cost(summary: SummaryFigures) -> Cost | None:
    """Return what an answer of the final file costs; None if not recorded."""
    steps, network = summary.results, summary.network
    if steps is None or network is None:
        return None
    return Cost(macs=network.macs, latency_ms=steps.latency_ms, host=steps.latency.host.words)


def conditions(summary: SummaryFigures) -> Conditions | None:
    """Return what the result of a summary rests on; None if not recorded."""
    if summary.results is None:
        return None
    splits = {name: split.sha256 for name, split in summary.results.prepare.splits.items()}
    return Conditions(
        test=splits[_TEST],
        data=_digest(splits),
        parameters=_digest(all_parameters(summary.provenance)),
        deciding=_digest(deciding_parameters(summary.provenance)),
    )


def _digest(values: Mapping[str, str]) -> str:
    text = json.dumps(values, sort_keys=True)
    return hashlib.sha256(text.encode()).hexdigest()[:_DIGITS]
