from collections.abc import Sequence
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from numpy.typing import NDArray

from litesmith.data.quality.cache import Cache
from litesmith.data.quality.faults import CONFLICT, CONSTANT, COPY, GROUP, KNOWN, LABEL
from litesmith.data.quality.intake import Intake, place_rows
from litesmith.data.quality.judging import judge_intake
from litesmith.data.quality.verdicts import Verdicts, explain
from tests.litesmith.data.quality.sets import (
    CLASSES,
    SHARES,
    Part,
    base,
    batch_digest,
    draw,
    intake,
    params,
)


def places(made: Intake) -> NDArray[np.str_]:
    return place_rows(made, SHARES, 1)


def judged(
    *parts: Part, by_hand: Sequence[str] = (), cache: Path | None = None, **values: Any
) -> Verdicts:
    made = intake(parts, by_hand=by_hand)
    return judge_intake(made, places(made), params(**values), Cache(cache))


def states(verdicts: Verdicts) -> list[str]:
    return [batch.state for batch in verdicts.batches]


def kinds(verdicts: Verdicts) -> dict[str, str]:
    return {verdicts.intake.where(row): kind for row, kind, _ in verdicts.faults()}


def broken(verdicts: Verdicts) -> set[str]:
    return {rule.name for rule in verdicts.batches[-1].broken}


def noisy(images: NDArray[np.uint8]) -> NDArray[np.uint8]:
    noise = np.random.default_rng(3).normal(0, 1.5, images.shape) * (images > 0)
    return np.clip(np.round(images + noise), 0, 255).astype(np.uint8)


def test_sound_batches_are_accepted() -> None:
    weeks = [draw(f"week-{number}", 80, 10 + number) for number in range(4)]
    verdicts = judged(*base(), *weeks)
    assert states(verdicts) == ["accepted"] * 5
    assert verdicts.accepted.all()
    assert kinds(verdicts) == {}
    assert {row.reason for row in verdicts.of_rows()} == {""}
    assert 0 <= verdicts.label_noise < 0.05
    assert [part.name for part in verdicts.batches[0].parts] == ["train", "test"]


@pytest.mark.parametrize(
    ("change", "rules"),
    [
        (lambda week: week.of(labels=(week.labels + 1) % 4), {"label_loss"}),
        (lambda week: week.of(images=255 - week.images), {"drift"}),
        (lambda week: week.of(images=week.images // 2), {"drift"}),
        (lambda week: week.of(images=np.roll(week.images, 4, axis=2)), {"drift"}),
        (lambda week: week.of(images=week.images[week.labels > 0], labels=week.labels[week.labels > 0]),
         {"missing_class"}),
        (lambda week: week.of(images=week.images[week.labels < 2], labels=week.labels[week.labels < 2]),
         {"class_mix"}),
    ],
    ids=["labels", "inverted", "dark", "rolled", "missing", "two classes"],
)  # fmt: skip
def test_unfit_batches_are_left_out_and_others_go_on(change: Any, rules: set[str]) -> None:
    week, after = draw("week-1", 240, 10), draw("week-2", 80, 11)
    verdicts = judged(*base(), change(week), after)
    assert states(verdicts) == ["accepted", "quarantined", "accepted"]
    held = verdicts.batches[1]
    assert rules <= {rule.name for rule in held.broken}
    reasons = explain(held, CLASSES)
    assert len(reasons) == len(held.broken) and all(reasons)
    span = verdicts.intake.spans()["week-1"]
    assert not verdicts.accepted[span].any()
    assert {row.reason.partition(":")[0] for row in verdicts.of_rows()[span]} == {
        "its batch is quarantined"
    }


def test_some_flipped_labels_are_seen() -> None:
    week = draw("week", 400, 10)
    flipped = week.labels.copy()
    flipped[:20] = (flipped[:20] + 1) % 4
    verdicts = judged(*base(), week.of(labels=flipped))
    assert states(verdicts)[-1] == "quarantined"
    span = verdicts.intake.spans()["week"]
    doubted = np.flatnonzero(verdicts.suggestions.labels[span] != flipped)
    assert np.isin(np.arange(20), doubted).sum() > 12 and len(doubted) < 40


def test_a_batch_is_let_in_by_hand() -> None:
    dark = draw("week-1", 240, 10)
    dark = dark.of(images=dark.images // 2)
    verdicts = judged(*base(), dark, by_hand=[batch_digest("week-1")])
    assert states(verdicts) == ["accepted", "accepted by hand"]
    assert verdicts.accepted.all()
    assert explain(verdicts.batches[1], CLASSES)


def test_images_with_faults_are_left_out_and_the_rest_comes_in() -> None:
    train, test = base()
    week = draw("week", 80, 10)
    week.images[0] = 7
    week.images[1], week.labels[1] = train.images[5], train.labels[5]
    week.images[2], week.labels[2] = train.images[6], (train.labels[6] + 1) % 4
    week.images[3], week.labels[3] = test.images[0], test.labels[0]
    week.images[4], week.labels[4] = noisy(test.images[1:2])[0], test.labels[1]
    week.labels[5] = -1
    verdicts = judged(train, test, week)
    assert states(verdicts)[-1] == "accepted"
    expected = [CONSTANT, KNOWN, CONFLICT, KNOWN, COPY, LABEL]
    assert kinds(verdicts) == {f"week/image[{row}]": kind for row, kind in enumerate(expected)}
    span = verdicts.intake.spans()["week"]
    assert np.flatnonzero(~verdicts.accepted).tolist() == list(range(span.start, span.start + 6))
    assert verdicts.left_out() == {CONSTANT: 1, KNOWN: 2, CONFLICT: 1, COPY: 1, LABEL: 1}


def test_an_image_is_let_in_by_hand_but_not_one_of_no_class() -> None:
    week = draw("week", 40, 10)
    week.images[0], week.images[1], week.labels[1] = 7, 9, -1
    digests = intake([week]).digests
    verdicts = judged(*base(), week, by_hand=[digests[0], digests[1]])
    assert kinds(verdicts) == {"week/image[1]": LABEL}


def test_what_is_known_is_what_was_accepted() -> None:
    wrong = draw("week-1", 120, 10)
    mended = wrong.of(name="week-2")
    verdicts = judged(*base(), wrong.of(labels=(wrong.labels + 1) % 4), mended)
    assert states(verdicts) == ["accepted", "quarantined", "accepted"]
    assert kinds(verdicts) == {}


def test_images_of_a_group_that_is_held_back_are_left_out() -> None:
    made = intake([*base(300), draw("week", 40, 10)])
    made.rows.loc[[0, 1, 300], "group"] = "same"
    verdicts = judge_intake(made, places(made), params())
    assert kinds(verdicts) == {"base/train[0]": GROUP, "base/train[1]": GROUP}


def test_near_copies_in_one_split_stay() -> None:
    train = draw("base", 300, 1)
    week = Part("week", noisy(train.images[:60]), train.labels[:60])
    verdicts = judged(train, week)
    span = verdicts.intake.spans()["week"]
    inside = places(verdicts.intake)
    same = inside[:60] == inside[span]
    assert 0 < (~same).sum() < 40
    # Of those in another split all are told, and of the others none.
    assert np.flatnonzero(~verdicts.accepted[span]).tolist() == np.flatnonzero(~same).tolist()


def test_near_copies_in_the_base_are_left_out_of_train() -> None:
    train, test = base()
    train.images[:30] = noisy(test.images[:30])
    train.labels[:30] = test.labels[:30]
    verdicts = judged(train, test)
    assert kinds(verdicts) == {f"base/train[{row}]": COPY for row in range(30)}
    assert verdicts.accepted[600:].all()


def test_copies_cannot_be_told_among_images_that_are_alike() -> None:
    train, test = base(300)
    again = noisy(train.images)
    train = Part("base", np.concatenate([train.images, again]), np.tile(train.labels, 2), "train")
    verdicts = judged(train, test)
    assert kinds(verdicts) == {}
    assert verdicts.alike_share > 0.5
    # Those of the test images are no reason to think so.
    train, test = base()
    train.images[:300:3] = noisy(test.images)
    train.labels[:300:3] = test.labels
    assert len(kinds(judged(train, test))) == 100


def test_near_copies_are_not_looked_for_without_a_threshold() -> None:
    train, test = base()
    train.images[:30] = noisy(test.images[:30])
    assert kinds(judged(train, test, min_copy_correlation=None)) == {}


def test_published_test_images_stay() -> None:
    train, test = base()
    test.images[0] = 0
    test.images[1] = test.images[2]
    test.labels[1] = test.labels[2]
    train.images[3], train.labels[3] = test.images[4], test.labels[4]
    verdicts = judged(train, test)
    assert kinds(verdicts) == {"base/train[3]": KNOWN}


def test_test_images_are_compared_with_train_images() -> None:
    train, test = base()
    verdicts = judged(train, test.of(labels=(test.labels + 1) % 4, images=test.images // 2))
    compared = verdicts.batches[0].parts[1].comparison
    assert compared.drift_p < 1e-6 and compared.label_loss_p < 1e-6 and compared.doubt_excess > 0.2
    assert states(verdicts) == ["accepted"]


def test_first_batch_may_be_all_there_is() -> None:
    verdicts = judged(draw("week-1", 300, 1), draw("week-2", 60, 2))
    assert states(verdicts) == ["accepted"] * 2
    assert [part.name for part in verdicts.batches[0].parts] == ["images"]


def test_few_images_are_nothing_to_compare_with() -> None:
    few, many = draw("week-1", 10, 1), draw("week-2", 300, 2)
    verdicts = judged(few, many.of(images=255 - many.images), draw("week-3", 60, 3))
    assert states(verdicts) == ["accepted", "accepted", "quarantined"]


def test_unreadable_batch_is_left_out() -> None:
    nothing = Part("week-1", np.zeros((0, 16, 16, 1), np.uint8), np.zeros(0, np.int64))
    verdicts = judged(*base(), nothing, draw("week-2", 60, 3))
    assert states(verdicts) == ["accepted", "quarantined", "accepted"]
    assert broken(judged(*base(), nothing)) == {"usable_images"}
    verdicts = judged(nothing, draw("week-2", 200, 3), draw("week-3", 60, 4))
    assert states(verdicts) == ["quarantined", "accepted", "accepted"]
    assert verdicts.first.name == "week-2"


def result(verdicts: Verdicts) -> list[Any]:
    """Return all that is in verdicts."""
    return [
        [(batch.name, batch.state, batch.broken, explain(batch, CLASSES)) for batch in verdicts.batches],
        [part.values() for batch in verdicts.batches for part in batch.parts],
        verdicts.of_rows(),
        verdicts.suggestions.labels.tolist(),
        verdicts.suggestions.margins.tolist(),
        verdicts.measures.values.tolist(),
        verdicts.measures.extent.tolist(),
        (verdicts.label_noise, verdicts.min_ink_share),
    ]


def weeks(num: int) -> list[Part]:
    """Return batches, of which one is inverted and others have single faults, that double the base."""
    parts = [draw(f"week-{number}", 120, 20 + number) for number in range(num)]
    parts[1] = parts[1].of(images=255 - parts[1].images)
    parts[2].images[3] = parts[0].images[3]
    parts[3].images[:9] = 0
    return parts


def test_cache_changes_nothing(tmp_path: Path) -> None:
    first, later = base(), weeks(6)
    whole = result(judged(*first, *later))
    for num in range(7):
        # One batch more each night, all but the last one cached.
        night = result(judged(*first, *later[:num], cache=tmp_path))
    assert night == whole
    assert result(judged(*first, *later, cache=tmp_path)) == whole
    for path in sorted(tmp_path.iterdir())[::2]:
        path.unlink()
    assert result(judged(*first, *later, cache=tmp_path)) == whole


def test_what_comes_between_is_judged_anew(tmp_path: Path) -> None:
    first, later = base(), weeks(4)
    judged(*first, later[0], later[2], later[3], cache=tmp_path)
    assert result(judged(*first, *later, cache=tmp_path)) == result(judged(*first, *later))


@pytest.mark.parametrize("what", ["labels", "pixels", "params", "by hand"])
def test_cache_is_keyed_by_what_decides(tmp_path: Path, what: str) -> None:
    first, week = base(), draw("week", 240, 10)
    judged(*first, week, cache=tmp_path)
    if what == "labels":
        assert broken(judged(*first, week.of(labels=(week.labels + 1) % 4), cache=tmp_path))
    elif what == "pixels":
        assert broken(judged(*first, week.of(images=week.images // 2), cache=tmp_path))
    elif what == "params":
        assert broken(judged(*first, week, cache=tmp_path, mean_range=(0.5, 0.6)))
    else:
        dark = week.of(images=week.images // 2)
        assert states(judged(*first, dark, cache=tmp_path))[-1] == "quarantined"
        chosen = judged(*first, dark, cache=tmp_path, by_hand=[batch_digest("week")])
        assert states(chosen)[-1] == "accepted by hand"


def test_reference_is_made_anew_as_the_images_grow(monkeypatch: pytest.MonkeyPatch) -> None:
    from litesmith.data.quality import judging

    sizes = []
    fit = judging.fit_reference

    def counted(images: Any, rows: NDArray[np.int64], *others: Any) -> Any:
        sizes.append(len(rows))
        return fit(images, rows, *others)

    monkeypatch.setattr(judging, "fit_reference", counted)
    judged(*base(400), *(draw(f"week-{number:02}", 40, 50 + number) for number in range(12)))
    assert len(sizes) == 4
    assert all(later >= 1.25 * earlier for earlier, later in pairwise(sizes))
