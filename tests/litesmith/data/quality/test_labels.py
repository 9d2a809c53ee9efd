import numpy as np
import pytest

from litesmith.data.quality.labels import fit_labels, join, suggest


def said(labels: np.ndarray, sure: float, num_classes: int = 3) -> np.ndarray:
    """Return probabilities that give each label ``sure`` and share the rest."""
    rest = (1 - sure) / (num_classes - 1)
    probabilities = np.full((len(labels), num_classes), rest, np.float32)
    probabilities[np.arange(len(labels)), labels] = sure
    return probabilities


def test_thresholds_are_what_a_class_gets_for_its_own() -> None:
    labels = np.array([0, 0, 1])
    probabilities = np.array([[0.8, 0.1, 0.1], [0.6, 0.2, 0.2], [0.0, 1.0, 0.0]], np.float32)
    fit = fit_labels(probabilities, labels)
    # A class without images has that of all.
    assert fit.thresholds.tolist() == pytest.approx([0.7, 1.0, 0.8], abs=1e-6)


def test_a_confident_other_class_is_suggested() -> None:
    thresholds = np.array([0.5, 0.5, 0.9])
    probabilities = np.array(
        [[0.3, 0.7, 0.0], [0.0, 0.2, 0.8], [0.6, 0.1, 0.3], [0.1, 0.9, 0]], np.float32
    )
    named = suggest(probabilities, np.array([0, 0, 0, -1]), thresholds)
    # The second has no class above its threshold, the last no class at all.
    assert named.labels.tolist() == [1, 0, 0, -1]
    assert named.margins[:3].tolist() == pytest.approx([0.4, 0, 0], abs=1e-6)


def test_flipped_labels_are_named() -> None:
    rng = np.random.default_rng(1)
    labels = rng.integers(0, 3, 600)
    probabilities = said(labels, 0.8)
    given = labels.copy()
    given[:60] = (given[:60] + 1) % 3
    fit = fit_labels(probabilities, given)
    named = suggest(probabilities, given, fit.thresholds)
    assert np.flatnonzero(named.labels != given).tolist() == list(range(60))
    np.testing.assert_array_equal(named.labels, labels)
    both = join([named, named])
    assert len(both.labels) == len(both.margins) == 1200


def test_excess_is_over_what_the_classes_of_a_batch_let_expect() -> None:
    rng = np.random.default_rng(2)
    labels = rng.integers(0, 3, 3000)
    fit = fit_labels(said(labels, 0.5), labels)
    losses = rng.gamma(2.0, (1.0 + labels) / 2)
    moments = fit_labels(np.exp(-losses)[:, None] * np.eye(3, dtype=np.float32)[labels], labels).losses
    hard = np.full(200, 2)
    expected = float(losses[labels == 2].mean())
    values = rng.gamma(2.0, 1.5, 200)
    excess, probability = moments.excess(values, hard, 0.0)
    assert excess == pytest.approx(values.mean() - expected, abs=0.05)
    assert probability > 0.01
    assert moments.excess(values + 0.6, hard, 0.0)[1] < 1e-4
    assert moments.excess(values + 0.6, hard, 1.0)[1] > 0.9
    assert fit.losses.excess(np.zeros(0), np.zeros(0, np.int64), 0.0) == (0.0, 1.0)


@pytest.mark.parametrize("size", [30, 300])
def test_false_alarms_are_as_rare_as_stated(size: int) -> None:
    rng = np.random.default_rng(size)
    labels = rng.integers(0, 3, 20_000)
    losses = rng.gamma(0.3, 1.0 + labels)  # skewed, as losses are
    moments = fit_labels(np.exp(-losses)[:, None] * np.eye(3, dtype=np.float32)[labels], labels).losses
    p_values = []
    for _ in range(4000):
        own = rng.integers(0, 3, size)
        p_values.append(moments.excess(np.minimum(rng.gamma(0.3, 1.0 + own), 9.2), own, 0.0)[1])
    for level in (0.05, 0.005):
        assert np.mean(np.array(p_values) < level) < 2 * level
