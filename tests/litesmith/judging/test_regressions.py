from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from litesmith.errors import DataError, ParamsError
from litesmith.judging.regressions import add_regression, read_regressions
from litesmith.params.sections.dataset import ImageForm

FORM = ImageForm(height=6, width=6, channels=1, fit="pad", ground="dark")
NAMES = ("ant", "bee")


def picture(folder: Path, name: str, level: int, side: int = 6) -> Path:
    path = folder / name
    drawn = np.full((side, side), level, np.uint8)
    drawn[0, 0] = 0
    Image.fromarray(drawn).save(path)
    return path


def test_pictures_come_back_in_the_form_with_their_classes(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    told = add_regression(folder, picture(tmp_path, "a.png", 90), "bee", FORM, NAMES)
    assert told.endswith(".png: added bee; 1 pictures must stay right")
    add_regression(folder, picture(tmp_path, "b.PNG", 200, side=12), " ant ", FORM, NAMES)
    back = read_regressions(folder, FORM, NAMES)
    assert back.images.shape == (2, 6, 6, 1)
    assert {int(image[3, 3, 0]): NAMES[label] for image, label in zip(back.images, back.labels, strict=True)} == {
        90: "bee", 200: "ant",
    }  # fmt: skip
    assert all((folder / file).is_file() for file in back.files)


def test_the_same_picture_is_there_once_with_its_last_label(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    add_regression(folder, picture(tmp_path, "a.png", 90), "bee", FORM, NAMES)
    again = picture(tmp_path, "again.bmp", 90)
    assert "was bee, changed to ant; 1 pictures" in add_regression(folder, again, "ant", FORM, NAMES)
    assert "was there as ant" in add_regression(folder, again, "ant", FORM, NAMES)
    assert read_regressions(folder, FORM, NAMES).labels.tolist() == [0]


def test_no_folder_and_no_row_are_an_empty_set(tmp_path: Path) -> None:
    assert read_regressions(tmp_path / "none", FORM, NAMES).images.shape == (0, 6, 6, 1)
    (tmp_path / "metadata.csv").write_text("file_name,label\n")
    assert read_regressions(tmp_path, FORM, NAMES).files == ()


def test_a_picture_whose_addition_was_killed_does_not_count(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    add_regression(folder, picture(tmp_path, "a.png", 90), "bee", FORM, NAMES)
    picture(folder, "left.png", 30)
    (folder / ".metadata.part17.csv").write_text("file_name,la")
    assert len(read_regressions(folder, FORM, NAMES).files) == 1


def test_what_is_wrong_is_told(tmp_path: Path) -> None:
    folder = tmp_path / "set"
    path = picture(tmp_path, "a.png", 90)
    with pytest.raises(
        ParamsError, match=r"'be' is not a class\. Did you mean bee\? The classes are: ant, bee"
    ):
        add_regression(folder, path, "be", FORM, NAMES)
    (tmp_path / "text.png").write_text("no picture")
    with pytest.raises(DataError, match=r"text\.png"):
        add_regression(folder, tmp_path / "text.png", "bee", FORM, NAMES)
    assert not folder.exists()
    add_regression(folder, path, "wasp", FORM, ())
    with pytest.raises(DataError, match=r"has the label 'wasp', which is none of the classes"):
        read_regressions(folder, FORM, NAMES)
    next(folder.glob("*.png")).unlink()
    with pytest.raises(DataError, match="is missing"):
        read_regressions(folder, FORM, NAMES)
    (folder / "metadata.csv").write_text("name,class\na.png,bee\n")
    with pytest.raises(
        DataError, match=r"its columns are name, class\. Expected the columns file_name and label"
    ):
        add_regression(folder, path, "bee", FORM, NAMES)
