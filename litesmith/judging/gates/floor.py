"""The floor: what any released file must reach."""

import numpy as np

from litesmith.analysis.balance import balance_of, over_majority
from litesmith.analysis.intervals import CONFIDENCE, Estimate, wilson
from litesmith.judging.case import Case
from litesmith.judging.changes import accuracy
from litesmith.judging.gates.gate import Finding, Gate, all_of, at_least, percent
from litesmith.params.sections.judge import JudgeParams


def _judge(case: Case, params: JudgeParams) -> Finding:
    """Judge accuracy, each class, and whether it beats always giving the same answer."""
    floor, num_classes = params.floor, len(case.class_names)
    confusion = np.zeros((num_classes, num_classes), np.int64)
    np.add.at(confusion, (case.labels, case.candidate), 1)
    right, images = np.diag(confusion).tolist(), confusion.sum(axis=1).tolist()
    overall = accuracy(sum(right), sum(images))
    worst = balance_of(case.labels, case.candidate).worst
    recalls = [
        recall
        for counts in zip(right, images, strict=True)
        if (recall := wilson(*counts, CONFIDENCE)) is not None
    ]
    facts = [
        at_least(overall, floor.min_accuracy),
        *(at_least(recall, floor.min_class_recall) for recall in recalls),
        over_majority(confusion).surpassed,
    ]
    return Finding(
        all_of(facts),
        f"Accuracy {_shown(overall)}, and {percent(floor.min_accuracy)} is asked for; worst class "
        f"{case.class_names[worst.label]} {_shown(worst.recall)}, and {percent(floor.min_class_recall)} "
        "is; both by the lower end, and better than always the most frequent class.",
    )


def _shown(estimate: Estimate) -> str:
    return f"{percent(estimate.value)} ({percent(estimate.low)} to {percent(estimate.high)})"


FLOOR = Gate("floor", _judge)
