"""Tests of benchmarks.verdicts."""

import numpy as np
import pytest

from benchmarks.numbers import read_numbers
from benchmarks.verdicts.__main__ import CONFIG, claims
from benchmarks.verdicts.cases import Case, Config, good_before, guessing, is_good, trained

CONFIG_OF_TEST = read_numbers(CONFIG, Config).model_copy(
    update={"draws": 300, "num_images": [40, 2000], "gains": [-0.03, 0.03], "disagreements": [0.065]}
)


def cases() -> list[Case]:
    rng = np.random.default_rng(1)
    return [*trained(CONFIG_OF_TEST, 0.01, rng), *guessing(CONFIG_OF_TEST, 0.01, rng)]


def test_few_images_ship_nothing_that_loses_and_many_ship_what_gains() -> None:
    good = {(case.num_images, case.gain): case for case in cases() if case.model == "trained"}
    assert good[40, -0.03].good < 0.05 and good[40, -0.03].before > 0.8
    assert good[2000, -0.03].good == 0 and good[2000, 0.03].good > 0.95


def test_answers_by_lot_ship_nothing() -> None:
    lots = [case for case in cases() if case.model != "trained"]
    assert len(lots) == 4
    assert all(case.good < 0.03 and case.before > 0.9 for case in lots)


def test_worst_case_is_claimed_beside_what_the_former_rule_did() -> None:
    some = [
        Case("trained", 40, -0.06, 0.065, 0.02, 0.9),
        Case("trained", 10_000, -0.01, 0.065, 0.04, 0.5),
        Case("trained", 10_000, 0.0, 0.065, 0.97, 1.0),
        Case("trained", 10_000, 0.0, 0.3, 0.4, 1.0),
        Case("by lot", 40, 0.0, 0.5, 0.01, 0.99),
    ]
    losing, lots, even = claims(some, read_numbers(CONFIG, Config), 0.01)
    assert (losing.measured, losing.verdict(losing.must), losing.note) == (
        0.04,
        "not met",
        "2 cases; by the former rule 0.900",
    )
    assert (lots.measured, even.measured, even.verdict(even.must)) == (0.01, 0.97, "met")


@pytest.mark.parametrize(("gained", "lost", "before"), [(11, 14, True), (0, 9, False), (0, 0, True)])
def test_former_rule_ships_unless_shown_to_be_worse(gained: int, lost: int, before: bool) -> None:
    assert good_before(gained, lost, 40) is before
    assert not is_good(np.array([[13, 7], [7, 13]]), gained, lost, 0.01)
