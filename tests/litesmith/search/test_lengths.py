import pytest

from litesmith.params.sections.sweep import FullLength, Rung
from litesmith.search.lengths import Length, full_length, rung_length

FULL = FullLength(max_work=1e9, min_epochs=10, max_epochs=50)


@pytest.mark.parametrize(
    ("num_train", "length"),
    [
        (50_000, Length(4, 6_000)),
        (7_500, Length(4, 6_000)),
        # Hardly more than the rung asks for: all of them.
        (7_000, Length(3, 7_000)),
        (1_200, Length(20, 1_200)),
        (100, Length(200, 100)),
    ],
)
def test_a_rung_sees_as_many_images_of_a_small_data_set(num_train: int, length: Length) -> None:
    assert rung_length(Rung(num_images=24_000, num_rows=6_000), num_train, 200) == length


def test_a_rung_sees_each_image_at_least_once() -> None:
    assert rung_length(Rung(num_images=100, num_rows=1_000), 5_000, 200) == Length(1, 1_000)


@pytest.mark.parametrize(
    ("num_train", "epochs"), [(100, 50), (1_000, 50), (2_500, 40), (5_000, 20), (100_000, 10)]
)
def test_a_full_training_has_fewer_epochs_on_more_images(num_train: int, epochs: int) -> None:
    assert full_length(FULL, 10_000, num_train) == Length(epochs, num_train)


def test_equal_bounds_fix_the_epochs() -> None:
    fixed = FULL.replace(min_epochs=84, max_epochs=84)
    assert full_length(fixed, 5_000_000, 50_000).epochs == 84


def test_work_is_multiply_accumulates_times_images_times_epochs() -> None:
    assert Length(3, 200).work(1_000) == 600_000
