"""One import of Great Expectations serves all tests here; it takes a few seconds."""

import pandas as pd
import pytest

from litesmith.data.quality.rules import Finding, Offender, Rule, batch_rules, image_rules, part_rules
from tests.litesmith.data.quality.sets import params

pytestmark = pytest.mark.slow


def finding(severity: str, success: bool) -> Finding:
    return Finding.model_validate(
        {
            "name": "rule",
            "severity": severity,
            "table": "images",
            "success": success,
            "expected": "this",
            "observed": "that",
            "num_unexpected": 0,
            "offenders": (),
            "rows": (),
        }
    )


def test_a_finding_blocks_only_if_critical_and_failed() -> None:
    assert finding("critical", False).blocks
    assert not any(finding(*mild).blocks for mild in (("critical", True), ("quarantine", False)))
    assert str(finding("quarantine", False)) == "rule failed (quarantine): expected this; observed that"
    assert str(finding("warning", True)) == "rule passed: expected this; observed that"


def test_a_rule_keeps_a_range_or_nothing() -> None:
    assert [Rule("a", "a", "", "warning", 1, 3).keeps(value) for value in (0, 1, 3, 3.1)] == [
        False, True, True, False
    ]  # fmt: skip
    assert Rule("a", "a", "", "warning", None, 3).keeps(-9)
    assert Rule("a", "a", "", "warning").keeps("") and not Rule("a", "a", "", "warning").keeps("why")


def test_pinned_thresholds_are_rules_of_their_own() -> None:
    assert not [rule for rule in batch_rules(params()) if rule.name.startswith("intensity")]
    pinned = params(mean_range=(0.2, 0.3), std_range=(0.1, 0.4), class_shares=(0.05, 0.5))
    names = ["intensity_mean", "intensity_std", "rare_classes", "frequent_classes"]
    for rules, severity in ((batch_rules(pinned), "quarantine"), (part_rules(pinned), "critical")):
        chosen = {rule.name: rule for rule in rules if rule.name in names}
        assert list(chosen) == names
        assert {rule.severity for rule in chosen.values()} == {severity}
        assert (chosen["intensity_mean"].low, chosen["intensity_mean"].high) == (0.2, 0.3)
        assert (chosen["rare_classes"].low, chosen["frequent_classes"].high) == (0.05, 0.5)


def test_great_expectations_judges_as_the_rules_do() -> None:
    from litesmith.data.quality.expectations import check

    table = pd.DataFrame(
        {
            "where": ["a", "b", "c"],
            "row": [7, 8, 9],
            "share": [0.1, 0.5, 0.9],
            "copy": ["", "like a", ""],
            "num": [1, 2, 3],
        }
    )
    rules = (
        Rule("share_rule", "share", "low", "critical", None, 0.5),
        Rule("copy_rule", "copy", "no copy", "quarantine"),
        Rule("num_rule", "num", "two at least", "warning", 2),
    )
    share, copy, num = check("images", table, rules)
    assert [found.severity for found in (share, copy, num)] == ["critical", "quarantine", "warning"]
    assert share.rows == (Offender("c", 9, "share: 0.9", 0.9),)
    assert copy.rows == (Offender("b", 8, "like a"),)
    assert num.rows == (Offender("a", 7, "num: 1", 1.0),)
    assert (share.observed, copy.observed, num.observed) == ("0.1 to 0.9", "1 of 3", "1 to 3")
    assert share.blocks and not copy.success and num.offenders == ("a (num: 1)",)
    for rule in rules:
        kept = [rule.keeps(value) for value in table[rule.column].tolist()]
        assert len(kept) - sum(kept) == 1


def test_a_rule_that_cannot_be_checked_has_failed() -> None:
    from litesmith.data.quality.expectations import check

    table = pd.DataFrame({"where": ["a"], "extent": ["x"]})
    (found,) = check("images", table, [Rule("extent", "extent", "high", "critical", 1, 2)])
    assert found.blocks and found.observed.startswith("could not be checked: ")


def test_an_empty_table_breaks_nothing() -> None:
    from litesmith.data.quality.expectations import check

    table = pd.DataFrame({"where": [], "row": [], "label": [], "extent": [], "ink_share": []})
    table = table.assign(known="", conflict="", group="", copy="").astype({"label": float})
    assert [found.success for found in check("images", table, image_rules(3, 0.1))] == [True] * 7
