from collections.abc import Sequence

import numpy as np
import pytest

from litesmith.data.placement import LEFT_OUT, SPLITS, expected_size, place, require_enough
from litesmith.errors import DataError
from litesmith.params.sections.dataset import Shares

SHARES = Shares(test=0.15, validation=0.1, gate=0.05)
TRAIN, VALIDATION, GATE, TEST = range(4)


def digests(num: int, first: int = 0) -> list[str]:
    return [f"{number:032x}" for number in range(first, first + num)]


def placed(
    names: Sequence[str], groups: Sequence[str] = (), given: Sequence[str] = (), seed: int = 1
) -> list[int]:
    none = [""] * len(names)
    return place(names, groups or none, given or none, SHARES, seed).tolist()


def test_shares_are_kept_within_the_binomial_bounds() -> None:
    places = np.array(placed(digests(20_000)))
    for split, share in ((TEST, 0.15), (VALIDATION, 0.1), (GATE, 0.05), (TRAIN, 0.7)):
        low, high = expected_size(20_000, share)
        assert low < np.sum(places == split) < high, SPLITS[split]
    assert expected_size(60_000, 1 / 12) == (4867, 5133)
    assert expected_size(10, 0.1)[0] == 0


@pytest.mark.parametrize("more", [1, 10, 600, 1000])
def test_growth_moves_no_image_and_neither_does_the_order(more: int) -> None:
    before = placed(digests(3000))
    assert placed(digests(3000 + more))[:3000] == before
    assert placed(digests(more, 3000) + digests(3000))[more:] == before


def test_another_seed_places_images_anew() -> None:
    assert placed(digests(100), seed=2) != placed(digests(100), seed=1) == placed(digests(100), seed=1)


def test_a_given_test_set_stays_and_keeps_its_copies_out_of_the_rest() -> None:
    names = digests(400)
    given = ["test"] * 100 + ["train"] * 300
    places = placed([*names, names[7]], given=[*given, ""])
    assert places[:100] == [TEST] * 100
    assert TEST not in places[100:]
    assert {TRAIN, VALIDATION, GATE} == set(places[100:400])
    assert places[400] == LEFT_OUT
    later = placed([*names, names[250]], given=["", *given[1:], "test"])
    assert (later[250], later[400]) == (LEFT_OUT, TEST)


def test_copies_share_a_split() -> None:
    names = digests(500)
    assert placed([*names, *names])[500:] == placed(names)


def test_a_group_is_in_one_split() -> None:
    groups = [f"object {number // 5}" for number in range(1000)]
    places = np.array(placed(digests(1000), groups)).reshape(-1, 5)
    assert np.all(places == places[:, :1])
    assert set(places.ravel().tolist()) == {TRAIN, VALIDATION, GATE, TEST}
    mixed = ["train", "", "", "", ""] * 200
    assert TEST not in placed(digests(1000), groups, mixed)


def test_a_group_with_given_test_images_is_in_no_other_split() -> None:
    assert placed(digests(3), ["a", "a", ""], ["test", "train", ""])[:2] == [TEST, LEFT_OUT]


def test_a_copy_in_another_group_is_left_out_where_the_groups_differ() -> None:
    names, groups = digests(40), [f"g{number}" for number in range(40)]
    own = placed(names, groups)
    other = own.index(TRAIN)
    copies = placed([*names, *names], [*groups, *[groups[other]] * 40])[40:]
    assert copies == [TRAIN if split == TRAIN else LEFT_OUT for split in own]


def test_too_few_images_of_a_class_are_refused_with_all_counts() -> None:
    counts = {"train": np.array([50, 9, 60]), "gate": np.array([10, 2, 3])}
    with pytest.raises(DataError) as caught:
        require_enough(counts, ("ant", "bee", "fly"), 10, "datasets/bugs.yaml")
    assert str(caught.value).splitlines()[:3] == [
        "2 of 3 classes have fewer than 10 images in a split (min_per_class of datasets/bugs.yaml):",
        "  bee: 9 in train, 2 in gate; 11 in all",
        "  fly: 3 in gate; 63 in all",
    ]
    assert "change shares or min_per_class in datasets/bugs.yaml" in str(caught.value)
    require_enough(counts, ("ant", "bee", "fly"), 2, "datasets/bugs.yaml")
