import numpy as np
import pytest
from scipy.stats import ks_2samp, kstwobign

from litesmith.data.quality.drift import accept_measures


def values(num: int, seed: int, shift: float = 0.0) -> np.ndarray:
    return (np.random.default_rng(seed).normal(size=(num, 1)) + shift).astype(np.float32)


def test_distance_is_that_of_two_samples() -> None:
    accepted, batch = values(500, 1), np.round(values(80, 2), 1)
    labels = np.zeros(500, np.int64), np.zeros(80, np.int64)
    reference = accept_measures(["width"], np.round(accepted, 1), labels[0], 2)
    drift = reference.drift(batch, labels[1], 0.05)
    expected = ks_2samp(np.round(accepted, 1).ravel(), batch.ravel())
    assert drift.distances[0] == pytest.approx(expected.statistic)
    num = 500 * 80 / 580
    root = np.sqrt(num)
    assert drift.p_values[0] == pytest.approx(
        kstwobign.sf((root + 0.12 + 0.11 / root) * expected.statistic)
    )
    assert drift.p_values[0] == pytest.approx(expected.pvalue, abs=0.05)


def test_another_class_mix_is_no_drift() -> None:
    accepted = np.concatenate([values(1000, 1), values(1000, 2, shift=4)])
    labels = np.repeat([0, 1], 1000)
    reference = accept_measures(["width"], accepted, labels, 2)
    batch = np.concatenate([values(300, 3), values(20, 4, shift=4)])
    mixed = np.repeat([0, 1], [300, 20])
    assert reference.drift(batch, mixed, 0.05).distances[0] < 0.08
    assert reference.drift(batch, 1 - mixed, 0.05).p_values[0] < 1e-9


def test_light_may_change_a_little() -> None:
    accepted = 5 + 0.05 * values(2000, 1)
    labels = np.zeros(2000, np.int64)
    batch = (5 + 0.05 * values(300, 2)) * 1.04
    for name, least, most in (("brightness", 0.0, 0.2), ("ink share", 0.9, 1.0)):
        reference = accept_measures([name], accepted.astype(np.float32), labels, 1)
        assert (
            least <= reference.drift(batch.astype(np.float32), labels[:300], 0.05).distances[0] <= most
        )
    reference = accept_measures(["brightness"], accepted.astype(np.float32), labels, 1)
    assert reference.drift((batch * 1.1).astype(np.float32), labels[:300], 0.05).distances[0] > 0.9


def test_images_of_unknown_classes_do_not_count() -> None:
    reference = accept_measures(["width"], values(50, 1), np.zeros(50, np.int64), 2)
    drift = reference.drift(values(9, 2, shift=9), np.ones(9, np.int64), 0.05)
    assert drift.distances.tolist() == [0] and drift.p_values.tolist() == [1]


def test_false_alarms_are_as_rare_as_stated() -> None:
    accepted, labels = values(20_000, 1), np.zeros(20_000, np.int64)
    reference = accept_measures(["width"], accepted, labels, 1)
    p_values = [reference.drift(values(200, seed), labels[:200], 0.0).p_values[0] for seed in range(400)]
    assert np.mean(np.array(p_values) < 0.05) < 0.09
    assert np.mean(np.array(p_values) < 0.5) > 0.35
