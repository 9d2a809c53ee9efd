"""Tests of litesmith.analysis.fanova."""

import numpy as np
import optuna
import pytest
from numpy.typing import NDArray
from optuna.distributions import CategoricalDistribution, FloatDistribution
from optuna.importance import FanovaImportanceEvaluator, get_param_importances

from litesmith.analysis.fanova import Forest, choice_axis, range_axis


def points(num: int) -> tuple[dict[str, list[str] | list[float]], NDArray[np.float64]]:
    """Return arguments of a function by name, and its values: it follows one of the choices and one of the numbers."""
    rng = np.random.default_rng(3)
    kind, idle = rng.choice(["a", "b"], num), rng.choice(["x", "y"], num)
    rate, other = rng.uniform(0, 1, (2, num))
    values = (kind == "a") + rate + 0.2 * rng.standard_normal(num)
    return {
        "kind": kind.tolist(),
        "idle": idle.tolist(),
        "rate": rate.tolist(),
        "other": other.tolist(),
    }, values


def shares(num_trees: int, seed: int = 1, num: int = 40) -> dict[str, float]:
    found, values = points(num)
    axes = [
        range_axis(column, logarithmic=False) if isinstance(column[0], float) else choice_axis(column)
        for column in found.values()
    ]
    return dict(zip(found, Forest(axes, num_trees, 8).shares(values, seed).tolist(), strict=True))


def test_shares_are_those_that_optuna_finds() -> None:
    found, values = points(40)
    optuna.logging.set_verbosity(optuna.logging.WARNING)
    study = optuna.create_study(direction="maximize")
    spaces = {
        name: FloatDistribution(min(column), max(column))
        if isinstance(column[0], float)
        else CategoricalDistribution(sorted(set(column)))
        for name, column in found.items()
    }
    for row, value in enumerate(values):
        chosen = {name: column[row] for name, column in found.items()}
        study.add_trial(optuna.create_trial(params=chosen, distributions=spaces, value=float(value)))
    evaluator = FanovaImportanceEvaluator(n_trees=64, max_depth=8, seed=1)
    theirs, ours = get_param_importances(study, evaluator=evaluator), shares(64)
    assert {name: share / sum(ours.values()) for name, share in ours.items()} == pytest.approx(
        theirs, abs=0.03
    )


def test_what_the_function_follows_explains_it() -> None:
    found = shares(16)
    assert min(found["kind"], found["rate"]) > 0.1 > 0.03 > max(found["idle"], found["other"])
    assert sum(found.values()) < 1


def test_function_without_noise_is_taken_apart_exactly() -> None:
    first, second = np.repeat([0.0, 0.0, 1.0, 1.0], 20), np.repeat([0.0, 1.0, 0.0, 1.0], 20)
    forest = Forest([choice_axis(first.tolist()), range_axis(second.tolist(), logarithmic=False)], 5, 8)
    np.testing.assert_allclose(forest.shares(3 * first + second, 1), [0.9, 0.1])
    np.testing.assert_allclose(forest.shares(second, 1), [0, 1], atol=1e-12)
    np.testing.assert_allclose(forest.shares((first - 0.5) * (second - 0.5), 1), [0, 0], atol=1e-12)


def test_values_that_are_all_the_same_are_explained_by_nothing() -> None:
    axes = [choice_axis(["a", "b", "a"]), range_axis([0.1, 0.2, 0.3], logarithmic=False)]
    np.testing.assert_array_equal(Forest(axes, 4, 8).shares(np.full(3, 0.9), 1), [0, 0])


def test_argument_that_never_varied_explains_exactly_nothing() -> None:
    axes = [
        choice_axis([3, 3, 3]),
        range_axis([0.1, 0.1, 0.1], logarithmic=True),
        choice_axis(["a", "b", "c"]),
    ]
    assert Forest(axes, 4, 8).shares(np.array([0.1, 0.9, 0.5]), 1)[:2].tolist() == [0, 0]


def test_cells_of_a_range_reach_half_the_way_to_the_next_value() -> None:
    axis = range_axis([4.0, 0.0, 1.0, 4.0], logarithmic=False)
    assert axis.cells.tolist() == [2, 0, 1, 2]
    assert axis.sizes.tolist() == [0.125, 0.5, 0.375]
    assert axis.cuts.tolist() == [[True, False, False], [True, True, False]]


def test_lengths_of_a_logarithmic_range_are_those_of_the_logarithm() -> None:
    np.testing.assert_allclose(range_axis([0.001, 0.01, 0.1], logarithmic=True).sizes, [0.25, 0.5, 0.25])


def test_same_seed_grows_the_same_forest() -> None:
    assert shares(4) == shares(4) != shares(4, seed=2)
