from pathlib import Path

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image

from litesmith.data.describe import SourceDescription, dataset_yaml, describe_source
from litesmith.errors import DataError
from litesmith.files import read_yaml, write_text
from litesmith.params.sections.dataset import DatasetParams
from tests.litesmith.data.formats.sources import cats_and_dogs, encoded, noise, written


def photograph(seed: int, height: int, width: int, ground: int = 128) -> NDArray[np.uint8]:
    """Return noise in colour in the middle of a ground."""
    values = np.full((height, width, 3), ground, np.uint8)
    inner = values[height // 4 : -height // 4, width // 4 : -width // 4]
    inner[:] = noise(seed, *inner.shape)
    return values


def described(folder: Path, pictures: list[NDArray[np.uint8]], kind: str = "PNG") -> SourceDescription:
    files = {f"{'ab'[row % 2]}/{row}.x": encoded(picture, kind) for row, picture in enumerate(pictures)}
    return describe_source(written(folder, files))


def test_counts_of_classes_and_parts(tmp_path: Path) -> None:
    names = ["train/b/1", "train/b/2", "train/a/1", "test/a/1", "val/b/1"]
    files = {f"{name}.png": encoded(noise(row)) for row, name in enumerate(names)}
    description = describe_source(written(tmp_path, {**files, "train/a/broken.png": b"x"}))
    counts = [
        (count.name, count.num_train, count.num_test, count.num_free) for count in description.classes
    ]
    assert counts == [("a", 1, 1, 0), ("b", 3, 0, 0)]
    assert (description.kind, description.num_images) == ("folders", 5)
    assert [item.file for item in description.unreadable] == ["train/a/broken.png"]
    assert description.notes == ("pictures in val/ count as training images",)


def test_numbers_are_sorted_as_numbers(tmp_path: Path) -> None:
    np.savez(tmp_path / "a.npz", images=noise(1, 12, 8, 6), labels=np.arange(12))
    names = [count.name for count in describe_source(tmp_path / "a.npz").classes]
    assert names == [str(number) for number in range(12)]


@pytest.mark.parametrize(
    ("sizes", "expected"),
    [
        ([(28, 28)] * 4, (28, 28)),
        ([(20, 30)] * 4, (20, 30)),
        ([(128, 96)] * 4, (128, 96)),
        ([(300, 400)] * 4, (48, 64)),
        ([(400, 300)] * 4, (64, 48)),
        ([(300, 400)] * 3 + [(301, 400)], (48, 64)),
        ([(300, 400)] * 2 + [(400, 300)] * 2, (64, 64)),
        ([(20, 30), (20, 31), (22, 30), (21, 29)], (20, 28)),
        ([(2, 2)] * 4, (4, 4)),
        ([(2, 900)] * 4, (4, 64)),
    ],
)
def test_the_suggested_size(
    sizes: list[tuple[int, int]], expected: tuple[int, int], tmp_path: Path
) -> None:
    description = described(tmp_path, [noise(row, *size) for row, size in enumerate(sizes)])
    assert (description.form.height, description.form.width) == expected
    assert description.sizes.common == max(sizes, key=sizes.count)
    assert description.sizes.common_share == max(map(sizes.count, sizes)) / len(sizes)
    assert description.sizes.least == min(sizes, key=lambda size: size[0] * size[1])


@pytest.mark.parametrize("kind", ["PNG", "JPEG"])
def test_colour_is_told_from_pixels(kind: str, tmp_path: Path) -> None:
    grey = [np.repeat(noise(row, 16, 16)[:, :, None], 3, axis=2) for row in range(4)]
    assert described(tmp_path / "grey", grey, kind).form.channels == 1
    coloured = described(tmp_path / "colour", [*grey, photograph(1, 16, 16)], kind)
    assert (coloured.form.channels, coloured.colour_share) == (3, 0.2)


@pytest.mark.parametrize(
    ("levels", "ground"),
    [
        ([0, 20, 0, 10], "dark"),
        ([255, 240, 250, 255], "light"),
        ([0, 255, 0, 255], "any"),
        ([128] * 4, "any"),
        ([200] * 4, "any"),
    ],
)
def test_the_ground_is_told_from_borders(levels: list[int], ground: str, tmp_path: Path) -> None:
    pictures = [photograph(row, 20, 20, level) for row, level in enumerate(levels)]
    assert described(tmp_path, pictures).form.ground == ground


@pytest.mark.parametrize(("tone", "ground"), [(30, "light"), (220, "dark")])
def test_cut_outs_get_the_ground_that_they_contrast_with(tone: int, ground: str, tmp_path: Path) -> None:
    picture = Image.new("RGBA", (20, 20))
    picture.paste((tone, tone, tone, 255), (5, 5, 15, 15))
    description = described(tmp_path, [np.asarray(picture)] * 4)
    assert (description.form.ground, description.cut_out_share) == (ground, 1.0)
    assert "# 100 % are cut-outs: laid where they contrast" in dataset_yaml(description, "x", "y")


def test_the_file_reads_as_the_form_that_it_suggests(tmp_path: Path) -> None:
    files = {**cats_and_dogs(7), "no/odd \u00e9.png": encoded(noise(1)), "no/x\n#.png": b"x"}
    description = describe_source(written(tmp_path / "s", files))
    text = dataset_yaml(description, "Pets: mine # 1", "/some where/s")
    write_text(tmp_path / "pets.yaml", text)
    params = DatasetParams.model_validate(read_yaml(tmp_path / "pets.yaml"))
    assert params.base is not None
    assert params.base.model_dump() == {"kind": "folder", "path": "/some where/s"}
    assert params.name == "Pets: mine # 1"
    assert params.classes == ("cat", "dog", "no")
    assert params.part(type(description.form)) == description.form
    assert (params.license, params.source, params.mirror_safe, params.thresholds) == (
        None,
        None,
        False,
        None,
    )
    assert params.min_per_class == 1
    assert "# 15 images of 3 classes can be read, in the form 'folders'.\n" in text
    assert (
        "# 1 file cannot be read, such as no/x\\n#.png: it has a control character in its name." in text
    )
    assert "- cat  # 7\n" in text
    assert "- 'no'  # 1\n" in text
    assert "min_per_class: 1  # the smallest class, no, has 1 image outside a given test set" in text


def test_numbers_may_be_named_in_their_places(tmp_path: Path) -> None:
    remark = "# The source has numbers. Names may stand in their places, in the same order.\n"
    for name, labels, said in (("a", [0, 1, 1, 0], True), ("b", [1, 2, 2, 1], False)):
        np.savez(tmp_path / f"{name}.npz", x_train=noise(1, 4, 8, 6), y_train=labels)
        text = dataset_yaml(describe_source(tmp_path / f"{name}.npz"), "x", "y")
        assert (remark in text) == said
    assert "- '1'  # train 2\n" in text
    assert "# All pictures are of 8 x 6 pixels (height x width).\n" in text


def test_a_given_test_set_is_said(tmp_path: Path) -> None:
    files = {f"{part}/{label}/1.png": encoded(noise(1)) for part in ("train", "test") for label in "ab"}
    text = dataset_yaml(describe_source(written(tmp_path, files)), "x", "y")
    assert "# 2 of them are a given test set, which stays the test set.\n" in text
    assert "gate: 0.0833}  # the given test set stands for that of test\n" in text


@pytest.mark.parametrize(
    ("files", "text"),
    [
        (
            {"a/1.png": noise(1)},
            r"holds images of 1 class \(a\)\. Expected 2 to 256: name what holds one",
        ),
        ({f"c{n}/1.png": noise(1) for n in range(257)}, r"holds images of 257 classes \(c0, c1, c10"),
        (
            {"a/1.png": None, "b/1.png": None},
            r"holds no image that can be read: a/1\.png is not a picture",
        ),
    ],
)
def test_what_is_not_described(
    files: dict[str, NDArray[np.uint8] | None], text: str, tmp_path: Path
) -> None:
    contents = {name: b"x" if values is None else encoded(values) for name, values in files.items()}
    with pytest.raises(DataError, match=text):
        describe_source(written(tmp_path, contents))
