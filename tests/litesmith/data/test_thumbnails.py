import base64
import io

import numpy as np
import pytest
from litesmith.data.statistics import LabelledImages, images_table
from numpy.typing import NDArray
from PIL import Image

from litesmith.data.thumbnails import class_distances, png_base64, thumbnails, typical_rows
from litesmith.params.sections.validate import ValidateParams
from litesmith.records.validate import Pictures

NAMES = ("even", "odd")


def _raw(num_images: int = 20) -> dict[str, LabelledImages]:
    """Two classes of noise around 80 and around 160, no two images the same."""
    generator = np.random.default_rng(5)

    def _pair() -> LabelledImages:
        labels = (np.arange(num_images) % 2).astype(np.uint8)
        levels = np.where(labels == 0, 80, 160)[:, None, None]
        return LabelledImages(
            (levels + generator.integers(-20, 21, (num_images, 6, 5))).astype(np.uint8), labels
        )

    return {"train": _pair(), "test": _pair()}


def _shown(raw: dict[str, LabelledImages], max_odd: int, names: tuple[str, ...] = NAMES) -> Pictures:
    params = ValidateParams.model_construct(min_ink_share=0.1, max_thumbnails=max_odd)
    return thumbnails(raw, images_table(raw), names, params)


def _odd(raw: dict[str, LabelledImages], max_odd: int) -> list[tuple[str, int, str]]:
    return [(odd.file, odd.row, odd.reason) for odd in _shown(raw, max_odd).suspicious]


def _pixels(picture: str) -> NDArray[np.uint8]:
    return np.asarray(Image.open(io.BytesIO(base64.b64decode(picture))))


def test_distance_is_the_root_mean_square_from_the_mean_of_the_class_in_the_first_file() -> None:
    labels = np.array([0, 0, 1], np.uint8)
    train = LabelledImages(np.array([[[0, 0]], [[204, 102]], [[255, 255]]], np.uint8), labels)
    test = LabelledImages(np.array([[[102, 51]]], np.uint8), np.array([1], np.uint8))
    expected = [
        np.sqrt((0.4**2 + 0.2**2) / 2),
        np.sqrt((0.4**2 + 0.2**2) / 2),
        0,
        np.sqrt((0.6**2 + 0.8**2) / 2),
    ]
    np.testing.assert_allclose(class_distances({"train": train, "test": test}, 2), expected)


def test_the_typical_image_is_the_nearest_and_the_first_of_equals() -> None:
    labels = np.array([0, 1, 0, 1, 0], np.uint8)
    assert typical_rows(labels, np.array([0.3, 0.5, 0.2, 0.4, 0.2])) == {0: 2, 1: 3}


def test_a_class_without_images_has_no_picture() -> None:
    raw = _raw()
    shown = _shown(raw, 0, (*NAMES, "never"))
    assert [picture.name for picture in shown.classes] == ["even", "odd"]
    assert shown.suspicious == ()


def test_each_kind_of_oddity_is_found_and_explained() -> None:
    raw = _raw()
    images, tests = raw["train"].images, raw["test"].images
    images[4] = 0
    images[4, 0, 0] = 9
    images[7] = images[3]
    tests[6] = images[2]
    images[10] = 255
    tests[11, :3], tests[11, 3:] = 60, 255
    reasons = {(file, row): reason for file, row, reason in _odd(raw, 6)}
    assert reasons[("train", 4)] == "near-empty: 3.33 % of its pixels are not zero"
    assert reasons[("train", 7)] == "the same pixels as train 3"
    assert reasons[("test", 6)] == "the same pixels as train 2"
    assert reasons[("train", 10)] == "brightest: mean pixel 1.000"
    assert reasons[("test", 11)].startswith("unlike its class: ")
    assert len(reasons) == 6


def test_the_kinds_take_turns_up_to_the_number_and_no_image_comes_twice() -> None:
    raw = _raw()
    few = _odd(raw, 3)
    assert [reason.partition(":")[0] for *_, reason in few] == [
        "darkest",
        "brightest",
        "unlike its class",
    ]
    assert few[0][2] == f"darkest: mean pixel {images_table(raw)['mean'].min():.3f}"
    many = _odd(raw, 25)
    assert len({(file, row) for file, row, _ in many}) == len(many) == 25
    assert _odd(raw, 0) == []


def test_the_pictures_are_the_images_and_the_same_each_time() -> None:
    raw = _raw()
    shown = _shown(raw, 4)
    for picture in shown.classes:
        np.testing.assert_array_equal(_pixels(picture.image), raw["train"].images[picture.row])
    for odd in shown.suspicious:
        np.testing.assert_array_equal(_pixels(odd.image), raw[odd.file].images[odd.row])
    assert len(shown.suspicious) == 4
    again = _shown(raw, 4)
    assert again.model_dump_json() == shown.model_dump_json()


@pytest.mark.parametrize("shape", [(28, 28), (3, 7)])
def test_a_picture_of_a_garment_is_small(shape: tuple[int, int]) -> None:
    image = np.random.default_rng(1).integers(0, 256, shape, dtype=np.uint8)
    np.testing.assert_array_equal(_pixels(png_base64(image)), image)
    assert len(png_base64(image)) < 1300
