"""One import of Great Expectations serves all tests here; it takes a few seconds."""

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest

from litesmith.data.formats.idx import read_images, read_labels
from litesmith.data.statistics import Finding, LabelledImages, images_table
from litesmith.records.validate import DatasetName, Pictures
from tests.conftest import SmallSet

pytestmark = pytest.mark.slow


@pytest.fixture
def raw(small_set: SmallSet) -> dict[str, LabelledImages]:
    return {
        part: LabelledImages(
            read_images(small_set.path(f"{part}_images")).copy(),
            read_labels(small_set.path(f"{part}_labels")).copy(),
        )
        for part in ("train", "test")
    }


def judged(small_set: SmallSet, raw: dict[str, LabelledImages], **thresholds: Any) -> dict[str, Finding]:
    from litesmith.data.rules import judge_set

    params = small_set.changed({"validate": thresholds})
    return {
        finding.name: finding for finding in judge_set(raw, params.validate_, params.dataset).findings
    }


def failed(findings: dict[str, Finding]) -> list[str]:
    return [name for name, finding in findings.items() if not finding.success]


def test_a_sound_set_passes_every_rule(small_set: SmallSet, raw: dict[str, LabelledImages]) -> None:
    findings = judged(small_set, raw)
    assert failed(findings) == []
    assert list(findings) == [
        "header_dtype",
        "header_shape",
        "label_range",
        "constant_images",
        "near_empty_images",
        "exact_duplicates",
        "train_test_overlap",
        "class_balance",
        "intensity_mean",
        "intensity_std",
        "intensity_shift",
    ]
    assert {finding.severity for name, finding in findings.items() if name != "intensity_shift"} == {
        "critical"
    }
    assert findings["intensity_shift"].severity == "warning"
    assert findings["label_range"].observed == "0 to 9"


def test_label_ten_names_the_image(small_set: SmallSet, raw: dict[str, LabelledImages]) -> None:
    raw["train"].labels[17] = 10
    raw["test"].labels[3] = 255
    finding = judged(small_set, raw)["label_range"]
    assert finding.blocks
    assert [*finding.offenders] == ["train 17 (label: 10)", "test 3 (label: 255)"]
    assert finding.expected == "labels from 0 to 9"
    assert finding.num_unexpected == 2


def test_constant_and_near_empty_images(small_set: SmallSet, raw: dict[str, LabelledImages]) -> None:
    raw["train"].images[4] = 0
    raw["train"].images[5] = 128
    raw["test"].images[6] = 0
    raw["test"].images[6, 3, 3] = 255
    findings = judged(small_set, raw, max_near_empty=1)
    assert [*findings["constant_images"].offenders] == [
        "train 4 (contrast: 0)",
        "train 5 (contrast: 0)",
    ]
    assert findings["constant_images"].blocks
    assert [(row.file, row.index) for row in findings["near_empty_images"].rows] == [
        ("train", 4),
        ("test", 6),
    ]
    assert findings["near_empty_images"].blocks
    assert judged(small_set, raw, max_near_empty=2)["near_empty_images"].success


def test_duplicates_and_overlap(small_set: SmallSet, raw: dict[str, LabelledImages]) -> None:
    raw["train"].images[50] = raw["train"].images[8]
    raw["test"].images[9] = raw["train"].images[8]
    findings = judged(small_set, raw)
    assert failed(findings) == ["exact_duplicates", "train_test_overlap"]
    assert [*findings["exact_duplicates"].offenders] == ["train 50 (copy of: train 8)"]
    assert [*findings["train_test_overlap"].offenders] == ["test 9 (overlap with: train 8)"]
    assert failed(judged(small_set, raw, max_duplicates=1, max_overlap=1)) == []


def test_class_balance_names_file_and_class(small_set: SmallSet, raw: dict[str, LabelledImages]) -> None:
    raw["test"].labels[raw["test"].labels == 3] = 4
    finding = judged(small_set, raw)["class_balance"]
    assert finding.blocks
    assert [*finding.offenders] == [
        "test (class 3, share: 0)",
        "test (class 4, share: 0.2)",
    ]


def test_inverted_images_fail_the_intensity_rules(
    small_set: SmallSet, raw: dict[str, LabelledImages]
) -> None:
    raw["test"] = replace(raw["test"], images=255 - raw["test"].images)
    findings = judged(small_set, raw)
    assert failed(findings) == ["intensity_mean", "intensity_shift"]
    assert [row.file for row in findings["intensity_mean"].rows] == ["test"]
    assert not findings["intensity_shift"].blocks


def test_flat_images_fail_the_spread(small_set: SmallSet, raw: dict[str, LabelledImages]) -> None:
    raw["train"] = replace(raw["train"], images=raw["train"].images // 4 + 55)
    assert "intensity_std" in failed(judged(small_set, raw))


@pytest.mark.parametrize("part", ["images", "labels"])
def test_wrong_counts_stop_before_the_images_are_looked_at(
    part: str, small_set: SmallSet, raw: dict[str, LabelledImages]
) -> None:
    shorter = {part: getattr(raw["train"], part)[:-1]}
    raw["train"] = replace(raw["train"], **shorter)
    findings = judged(small_set, raw)
    assert list(findings) == ["header_dtype", "header_shape"]
    (offender,) = findings["header_shape"].rows
    assert offender.file == f"train {part}"
    assert offender.value.startswith("shape: 99")
    assert findings["header_shape"].expected.startswith("100 x 28 x 28, 100, 50 x 28 x 28, 50")


def test_a_rule_that_cannot_be_checked_has_failed(raw: dict[str, LabelledImages]) -> None:
    from litesmith.data.rules import class_rules, judge
    from litesmith.params.sections.validate import ValidateParams

    params = ValidateParams.model_construct(min_class_share=0.1, max_class_share=0.2)
    (finding,) = judge("images", images_table(raw), class_rules(params))
    assert finding.blocks
    assert finding.observed.startswith("could not be checked: ")
    assert "share" in finding.observed


def test_a_table_without_indices_names_files(raw: dict[str, LabelledImages]) -> None:
    from litesmith.data.rules import file_rules, judge

    table = pd.DataFrame(
        {
            "file": ["a", "b"],
            "dtype": ["uint8", "int16"],
            "shape": ["1", "2"],
            "expected_shape": ["1", "1"],
        }
    )
    findings = judge("files", table, file_rules(["1", "1"]))
    assert [[*finding.offenders] for finding in findings] == [
        ["b (dtype: int16)"],
        ["b (shape: 2)"],
    ]


def test_plain_results_and_metrics(small_set: SmallSet, raw: dict[str, LabelledImages]) -> None:
    from litesmith.data.rules import judge_set, verdict_metrics, verdict_result

    params = small_set.params
    verdict = judge_set(raw, params.validate_, params.dataset)
    pictures = Pictures(classes=(), suspicious=())
    result, metrics = verdict_result(verdict, params.dataset, pictures), verdict_metrics(verdict)
    assert result.passed is True
    assert result.dataset == DatasetName(name="Fashion-MNIST", synthetic=False)
    assert result.rules[2].model_dump(mode="json") == {
        "name": "label_range",
        "severity": "critical",
        "table": "images",
        "success": True,
        "expected": "labels from 0 to 9",
        "observed": "0 to 9",
        "num_unexpected": 0,
        "offenders": [],
    }
    assert result.files["test"].per_class == (5,) * 10
    assert result.overlap == 0
    assert result.expectation_library.startswith("great-expectations 1.")
    assert result.thumbnails is pictures
    assert metrics["rules"] == {"passed": 11, "failed": 0}
    assert metrics["train"]["num_images"] == 100
    assert "per_class" not in metrics["train"]
    assert metrics["test"]["mean"] == pytest.approx(np.mean(raw["test"].images) / 255)
