"""One import of Great Expectations serves all tests here; it takes a few seconds."""

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pytest

from litesmith.data.quality.cache import Cache
from litesmith.data.quality.intake import place_rows
from litesmith.data.quality.judging import judge_intake
from litesmith.records.validate import DatasetName, ValidateResult
from tests.litesmith.data.quality.sets import SHARES, Part, base, draw, intake, params

pytestmark = pytest.mark.slow
NAME = DatasetName(name="Shapes", synthetic=True)


def checked(*parts: Part, **values: Any) -> Any:
    from litesmith.data.quality.result import check_verdicts

    made = replace(intake(parts), foreign=values.pop("foreign", {}))
    chosen = params(**values)
    return check_verdicts(judge_intake(made, place_rows(made, SHARES, 1), chosen, Cache()), chosen)


def record(*parts: Part, **values: Any) -> ValidateResult:
    from litesmith.data.quality.result import validate_result

    return validate_result(checked(*parts, **values), NAME, params(**values))


def failed(found: Any) -> dict[str, str]:
    return {finding.name: finding.severity for finding in found.findings if not finding.success}


def test_sound_images_keep_every_rule() -> None:
    found = checked(*base(), draw("week", 80, 10))
    assert failed(found) == {} and not found.blocks
    assert [finding.name for finding in found.findings] == [
        "foreign_labels", "empty_classes", "images_left_out", "test_labels", "test_drift", "test_label_loss",
        "alike_images", "label_noise", "usable_images", "drift", "class_mix", "missing_class", "label_loss",
        "label_doubts", "label_range", "constant_images", "near_empty_images", "known_images",
        "conflicting_labels", "split_groups", "near_copies",
    ]  # fmt: skip
    assert {finding.table for finding in found.findings} == {"base", "batches", "images"}


def test_what_is_left_out_breaks_its_rule() -> None:
    train, test = base()
    week, dark = draw("week", 80, 10), draw("dark", 240, 11)
    week.images[0], week.labels[1] = 7, -1
    week.images[2], week.labels[2] = train.images[0], train.labels[0]
    week.images[3], week.labels[3] = train.images[1], (train.labels[1] + 1) % 4
    found = checked(train, test, week, dark.of(images=dark.images // 2))
    assert not found.blocks
    broken = failed(found)
    assert {"label_range", "constant_images", "known_images", "conflicting_labels", "drift"} <= set(
        broken
    )
    assert set(broken.values()) == {"quarantine"}
    by_name = {finding.name: finding for finding in found.findings}
    assert [(row.where, row.row) for row in by_name["constant_images"].rows] == [("week/image[0]", 700)]
    assert [row.where for row in by_name["drift"].rows] == ["dark"]
    assert str(by_name["known_images"].rows[0]) == "week/image[2] (the same pixels as base/train[0])"


@pytest.mark.parametrize(
    ("rule", "change"),
    [
        ("foreign_labels", lambda train, test: (train.of(labels=np.where(np.arange(600) == 5, -1, train.labels)), test)),
        ("empty_classes", lambda train, test: (train, test.of(images=test.images[test.labels > 0],
                                                              labels=test.labels[test.labels > 0]))),
        ("images_left_out", lambda train, test: (train.of(images=np.where(np.arange(600)[:, None, None, None] < 40,
                                                                          0, train.images)), test)),
        ("test_labels", lambda train, test: (train, test.of(labels=(test.labels + 1) % 4))),
    ],
)  # fmt: skip
def test_an_unfit_base_blocks(rule: str, change: Any) -> None:
    found = checked(*change(*base()))
    assert found.blocks and failed(found)[rule] == "critical"


def test_pinned_thresholds_block_a_base_and_hold_a_batch() -> None:
    assert failed(checked(*base(), mean_range=(0.5, 0.6))) == {"intensity_mean": "critical"}
    assert failed(checked(*base(), class_shares=(0.3, 0.4)))["rare_classes"] == "critical"
    week = draw("week", 100, 10)
    bright = week.of(images=np.minimum(week.images * 1.1, 255).astype(np.uint8))
    most = max(float(part.images.mean()) / 255 for part in (*base(), week))
    limits = {"mean_range": (0.0, most * 1.005)}
    assert failed(checked(*base(), week, **limits)) == {}
    assert failed(checked(*base(), bright, **limits)) == {"intensity_mean": "quarantine"}


def test_flipped_labels_of_a_base_warn() -> None:
    train, test = base()
    flipped = train.labels.copy()
    flipped[:150] = (flipped[:150] + 1) % 4
    found = checked(train.of(labels=flipped), test)
    assert not found.blocks and failed(found)["label_noise"] == "warning"
    assert 0.15 < found.verdicts.label_noise < 0.3


def test_record_says_what_became_of_all() -> None:
    train, test = base()
    week, dark = draw("week", 80, 10), draw("dark", 240, 11)
    week.images[0] = 7
    train.labels[9] = (train.labels[9] + 1) % 4
    result = record(train, test, week, dark.of(images=dark.images // 2), draw("later", 40, 12))
    assert result.passed and result.dataset == NAME
    assert [
        (batch.name, batch.state, batch.num_images, batch.num_left_out) for batch in result.batches
    ] == [
        ("base", "accepted", 700, 0),
        ("week", "accepted", 80, 1),
        ("dark", "quarantined", 240, 0),
        ("later", "accepted", 40, 0),
    ]
    assert result.batches[2].reasons[0].startswith("its ")
    assert [(left.kind, left.num_images) for left in result.left_out] == [("constant", 1)]
    assert {name: file.num_images for name, file in result.files.items()} == {
        "train": 600, "test": 100, "batches": 119
    }  # fmt: skip
    assert sum(result.files["train"].per_class) == 600
    pixels = train.images / 255
    assert result.files["train"].mean == pytest.approx(pixels.mean(), abs=1e-5)
    assert result.files["train"].std == pytest.approx(pixels.std(), abs=1e-5)
    assert result.overlap == 0
    pictures = result.thumbnails
    assert [picture.name for picture in pictures.classes] == ["disc", "bar", "cross", "frame"]
    assert len(pictures.suspicious) == 12
    assert [picture.file for picture in pictures.left_out] == ["week/image[0]"]
    assert "base/train[9]" in [picture.file for picture in pictures.mislabelled]
    assert result.num_mislabelled >= 1
    assert pictures.mislabelled[0].reason.startswith("the judge says ")
    assert result == record(train, test, week, dark.of(images=dark.images // 2), draw("later", 40, 12))


def test_metrics_are_numbers() -> None:
    from litesmith.data.quality.result import validate_metrics

    metrics = validate_metrics(record(*base(), draw("week", 80, 10)))
    assert metrics["batches"] == {"accepted": 2, "accepted_by_hand": 0, "quarantined": 0}
    assert metrics["left_out"] == 0
    assert "[" not in json.dumps(metrics)
