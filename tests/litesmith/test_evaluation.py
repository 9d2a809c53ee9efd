from pathlib import Path

import numpy as np
import pytest

from litesmith.analysis.balance import balance_of
from litesmith.analysis.intervals import wilson
from litesmith.data.splits import Split
from litesmith.evaluation import Answers, confusion_rows, score_variant, write_predictions
from litesmith.tflite.sizes import Size

LABELS = np.array([0, 1, 2, 2, 1], np.uint8)
SPLIT = Split(np.arange(5 * 4, dtype=np.uint8).reshape(5, 2, 2, 1), LABELS, np.arange(50, 55))
NAMES = ["a", "b", "c"]


def variant(predicted: list[int], precision: str = "float32") -> Answers:
    probabilities = np.full((5, 3), 0.1, np.float32)
    probabilities[np.arange(5), predicted] = 0.8
    return Answers("tuned", "tflite", precision, Size(1000, 900), probabilities)


def test_scores_and_sizes_of_a_variant() -> None:
    scored = score_variant(variant([0, 1, 2, 1, 1]), LABELS, NAMES)
    assert scored.label == "tuned, TFLite float32"
    assert scored.accuracy == 0.8
    assert scored.accuracy_interval == pytest.approx((0.37553, 0.963776), abs=1e-5)  # Wilson, 4 of 5
    assert scored.loss == pytest.approx(-(4 * np.log(0.8) + np.log(0.1)) / 5)
    assert (scored.bytes, scored.gzip_bytes) == (1000, 900)
    assert scored.confusion == ((1, 0, 0), (0, 2, 0), (0, 1, 1))
    assert scored.balance == balance_of(LABELS, np.array([0, 1, 2, 1, 1]))
    assert (scored.worst_name, scored.balance.worst.recall.value) == ("c", 0.5)
    last = scored.per_class[2]
    assert (last.name, last.num_images) == ("c", 2)
    assert (last.precision, last.recall) == (wilson(1, 1, 0.95), wilson(1, 2, 0.95))
    assert last.f1 is not None and last.f1.value == pytest.approx(2 / 3)
    assert scored.loss_reason is None


def test_int8_has_no_loss() -> None:
    scored = score_variant(variant([0, 1, 2, 1, 1], "int8"), LABELS, NAMES)
    assert scored.loss is None
    assert "no logarithm" in (scored.loss_reason or "")


def test_rows_of_the_confusion_plot_are_sorted() -> None:
    rows = confusion_rows(LABELS, np.array([0, 2, 2, 1, 1], np.uint8), NAMES)
    assert rows.to_numpy().tolist() == [["a", "a"], ["b", "b"], ["b", "c"], ["c", "b"], ["c", "c"]]


def test_pictures_of_what_any_of_two_got_wrong(tmp_path: Path) -> None:
    variants = {
        "one": variant([0, 1, 2, 1, 1]),
        "two": variant([1, 1, 2, 2, 1]),
        "three": variant([0, 0, 0, 0, 0]),
    }
    write_predictions(tmp_path / "a.npz", variants, SPLIT, pictured=["one", "two"])
    written = np.load(tmp_path / "a.npz")
    assert written["variants"].tolist() == ["one", "two", "three"]
    assert written["wrong_rows"].tolist() == [0, 3]
    assert np.array_equal(written["wrong_images"], SPLIT.images[[0, 3]])
    assert written["predicted"].tolist() == [[0, 1, 2, 1, 1], [1, 1, 2, 2, 1], [0, 0, 0, 0, 0]]
    assert written["predicted"].dtype == np.uint8
    assert written["confidence"] == pytest.approx(0.8)


def test_same_answers_same_bytes(tmp_path: Path) -> None:
    for name in ("a.npz", "b.npz"):
        write_predictions(tmp_path / name, {"one": variant([0, 1, 2, 1, 1])}, SPLIT, pictured=["one"])
    assert (tmp_path / "a.npz").read_bytes() == (tmp_path / "b.npz").read_bytes()


def test_a_model_without_mistakes_leaves_no_pictures(tmp_path: Path) -> None:
    write_predictions(tmp_path / "a.npz", {"one": variant(LABELS.tolist())}, SPLIT, pictured=["one"])
    assert np.load(tmp_path / "a.npz")["wrong_images"].shape == (0, 2, 2, 1)
