import numpy as np
import pytest

from litesmith.analysis.balance import balance_of
from litesmith.training.evaluation import evaluate
from tests.litesmith.training.test_loop import VALIDATION, fresh

pytestmark = pytest.mark.slow


def test_a_score_is_right_answers_and_cross_entropy() -> None:
    model = fresh()
    answers = model(VALIDATION.images / np.float32(255), training=False).numpy()
    score = evaluate(model, VALIDATION)
    assert score.balance == balance_of(VALIDATION.labels, answers.argmax(1))
    assert score.accuracy == pytest.approx((answers.argmax(1) == VALIDATION.labels).mean(), abs=1e-6)
    assert score.loss == pytest.approx(
        -np.log(answers[np.arange(90), VALIDATION.labels]).mean(), rel=1e-4
    )
