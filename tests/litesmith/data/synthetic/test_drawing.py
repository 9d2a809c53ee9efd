import numpy as np
import pytest
from pydantic import ValidationError

from litesmith.data.synthetic.drawing import count_classes, draw_set, flip_labels
from litesmith.data.synthetic.garments import draw_images
from litesmith.errors import ParamsError
from litesmith.params.synthetic import SyntheticBase
from tests.data_sets import synthetic_base as base

GREY = {"height": 16, "width": 20, "channels": 1, "ground": "dark"}


def test_a_set_has_the_images_it_declares() -> None:
    drawn = draw_set(base(num_train=50, num_test=20), num_classes=3, **GREY)
    assert drawn.train.images.shape == (50, 16, 20, 1)
    assert drawn.test.images.shape == (20, 16, 20, 1)
    assert np.bincount(drawn.train.labels).tolist() == [17, 17, 16]
    assert not {image.tobytes() for image in drawn.train.images} & {
        image.tobytes() for image in drawn.test.images
    }


@pytest.mark.parametrize("subject", ["garments", "shapes"])
def test_without_a_given_test_set_there_is_none(subject: str) -> None:
    drawn = draw_set(base(subject=subject), num_classes=10, **GREY)
    assert drawn.test.images.shape == (0, 16, 20, 1)
    assert drawn.test.labels.shape == (0,)


def test_garments_on_black_are_those_of_always() -> None:
    drawn = draw_set(
        base(subject="garments", num_train=40, num_test=20, seed=28),
        num_classes=10, height=28, width=28, channels=1, ground="dark",
    )  # fmt: skip
    for part, num, seed in ((drawn.train, 40, 28), (drawn.test, 20, 29)):
        images, labels = draw_images(num, 28, 28, 10, seed)
        assert np.array_equal(part.images[..., 0], images)
        assert np.array_equal(part.labels, labels)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize("ground", ["dark", "light", "any"])
def test_garments_of_other_forms(channels: int, ground: str) -> None:
    form = {"height": 20, "width": 32, "channels": channels, "ground": ground}
    drawn = draw_set(base(subject="garments", num_train=100), num_classes=10, **form).train
    assert drawn.images.shape == (100, 20, 32, channels)
    level = {"dark": 0, "light": 255, "any": 128}[ground]
    assert np.median(drawn.images[:, :2]) == pytest.approx(level, abs=0 if ground != "any" else 40)
    assert np.ptp(drawn.images, axis=(1, 2, 3)).min() > 40


def test_unequal_classes_by_a_ratio_and_by_shares() -> None:
    by_ratio = draw_set(base(num_train=90, imbalance=5.0), num_classes=3, **GREY).train.labels
    assert np.bincount(by_ratio).tolist() == [50, 30, 10]
    shares = base(num_train=200, imbalance=None, class_shares=[0.7, 0.25, 0.05])
    assert np.bincount(draw_set(shares, num_classes=3, **GREY).train.labels).tolist() == [140, 50, 10]


@pytest.mark.parametrize("num_images", [1, 4, 5, 6, 11, 500])
def test_counts_add_up_and_leave_no_class_out(num_images: int) -> None:
    chosen = base(imbalance=None, class_shares=[0.9, 0.09, 0.008, 0.001, 0.001])
    counts = count_classes(num_images, 5, chosen)
    assert counts.sum() == num_images
    assert counts.min() >= (num_images >= 5)
    assert counts.argmax() == 0


def test_wrong_labels_are_of_the_training_set_alone_and_of_a_known_number() -> None:
    clean, noisy = (
        draw_set(base(num_train=200, num_test=40, label_noise=share), num_classes=4, **GREY)
        for share in (0.0, 0.2)
    )
    assert (clean.train.labels != noisy.train.labels).sum() == 40
    assert np.array_equal(clean.train.images, noisy.train.images)
    assert np.array_equal(clean.test.labels, noisy.test.labels)


@pytest.mark.parametrize("num_classes", [2, 5, 256])
def test_flipped_labels_are_other_classes_of_the_set(num_classes: int) -> None:
    labels = (np.arange(2000) % num_classes).astype(np.uint8)
    flipped = flip_labels(labels, 0.25, num_classes, np.random.default_rng(1))
    assert flipped.dtype == np.uint8
    assert flipped.max() < num_classes
    assert (flipped != labels).sum() == 500
    steps = (flipped.astype(int) - labels) % num_classes
    assert len(np.unique(steps)) > min(num_classes, 200) - 1


def test_a_mirrored_pair_swaps_places_when_flipped() -> None:
    drawn = draw_set(base(num_train=400, mirrored_pair=True), num_classes=2, **GREY).train
    means = [drawn.images[drawn.labels == label, ..., 0].mean(axis=0) for label in (0, 1)]
    as_they_are = abs(means[0] - means[1]).mean()
    assert abs(means[0][:, ::-1] - means[1]).mean() < as_they_are / 3


@pytest.mark.parametrize(
    ("changes", "num_classes", "form", "texts"),
    [
        ({}, 3, {"height": 7}, ["height must be 8 to 128 for synthetic images, got 7."]),
        ({}, 3, {"width": 129}, ["width must be 8 to 128 for synthetic images, got 129."]),
        (
            {"subject": "garments", "mirrored_pair": True},
            3,
            {},
            [
                "classes must name 10 classes for synthetic garments, got 3. Write subject: shapes for another number.",
                "mirrored_pair must be false for garments. Write subject: shapes for arrows.",
            ],
        ),
        (
            {"class_shares": [0.5, 0.5]},
            3,
            {},
            [
                "imbalance or class_shares must be given and the other null, got both or none.",
                "class_shares must have one share for each of 3 classes, got 2.",
            ],
        ),
        (
            {"imbalance": None},
            3,
            {},
            ["imbalance or class_shares must be given and the other null, got both or none."],
        ),
        (
            {"num_train": 5},
            6,
            {},
            ["num_train must be at least the number of classes, 6, got 5."],
        ),
    ],
)
def test_all_that_does_not_fit_is_told_at_once(
    changes: dict[str, object], num_classes: int, form: dict[str, int], texts: list[str]
) -> None:
    with pytest.raises(ParamsError) as error:
        draw_set(base(**changes), num_classes=num_classes, **{**GREY, **form})
    assert str(error.value).split("\n") == texts


@pytest.mark.parametrize(
    ("changes", "text"),
    [
        ({"kind": "folder"}, "'synthetic'"),
        ({"imbalance": 0.5}, "greater than or equal to 1"),
        ({"class_shares": [0.5, 0.4]}, "must add up to 1, and these add up to 0.9"),
        ({"class_shares": [1.0]}, "at least 2 items|less than 1"),
        ({"label_noise": 1.0}, "less than 1"),
        ({"difficulty": 1.5}, "less than or equal to 1"),
        ({"size": 3}, "Extra inputs"),
    ],
)
def test_values_out_of_their_bounds_are_refused(changes: dict[str, object], text: str) -> None:
    with pytest.raises(ValidationError, match=text):
        base(**changes)


def test_the_parameters_say_what_they_mean() -> None:
    fields = SyntheticBase.model_fields
    assert [
        name
        for name, field in fields.items()
        if name not in ("kind", "num_train") and not field.description
    ] == []
