"""Tests of litesmith.plots."""

import math
import re
import xml.etree.ElementTree as ElementTree

import pytest

from litesmith import plots

HISTORY = {"epoch": [1.0, 2.0], "accuracy": [0.8, 0.9], "val_accuracy": [0.7, 0.75], "loss": [1.0, 0.5]}
SHORT = {"rung": 0, "epochs": 1, "num_rows": 8_000, "accuracy": 0.7}
LONG = {"rung": 1, "epochs": 3, "num_rows": 20_000, "accuracy": 0.9}
TRIALS = [
    {"number": 0, "tflite_bytes": 50_000, "rungs": [SHORT, LONG]},
    {"number": 1, "tflite_bytes": 60_000, "rungs": [SHORT]},
    {"number": 2, "tflite_bytes": 200_000, "rungs": []},
    {"number": 3, "rungs": [SHORT]},
]


def test_curves_are_train_and_validation_of_each_model() -> None:
    lines = plots.curve_series({"baseline": HISTORY, "tuned": HISTORY}, "accuracy")
    named = [(line.model, line.split) for line in lines]
    assert named == [(m, s) for m in ("baseline", "tuned") for s in ("train", "validation")]
    assert lines[1] == plots.Curve("baseline", "validation", (1.0, 2.0), (0.7, 0.75))


def test_curves_leave_out_what_was_not_recorded() -> None:
    history = {**HISTORY, "val_accuracy": [math.nan, math.nan]}
    assert [line.split for line in plots.curve_series({"baseline": history}, "accuracy")] == ["train"]
    assert [line.split for line in plots.curve_series({"baseline": HISTORY}, "loss")] == ["train"]
    assert plots.curve_series({"baseline": {}}, "accuracy") == []


def test_curve_skips_a_single_missing_epoch() -> None:
    (line,) = plots.curve_series({"tuned": {"epoch": [1.0, 2.0], "loss": [math.nan, 0.5]}}, "loss")
    assert (line.epochs, line.values) == ((2.0,), (0.5,))


def test_continued_history_counts_its_epochs_on() -> None:
    assert plots.continued(HISTORY, {"epoch": [1.0, 2.0, 3.0]})["epoch"] == [4.0, 5.0]
    assert plots.continued(HISTORY, {})["epoch"] == [1.0, 2.0]


def test_trials_are_points_where_their_last_rung_ended() -> None:
    first, second = plots.trial_series(TRIALS, winner=0)
    assert first == plots.TrialPoint(0, 50_000, 0.9, 1, "3 epochs of 20,000 images", won=True)
    assert second == plots.TrialPoint(1, 60_000, 0.7, 0, "1 epoch of 8,000 images", won=False)


def curves_svg(name: str = "curves") -> str:
    series = plots.curve_series({"baseline": HISTORY, "$5 <tuned>": HISTORY}, "accuracy")
    figure = plots.draw_curves(series, "Accuracy", "accuracy, %", in_percent=True)
    return plots.svg_text(figure, name, "A <line> & more")


@pytest.mark.parametrize(
    "word", ["Accuracy", "epoch", "accuracy, %", "baseline, train", "$5 &lt;tuned&gt;, validation"]
)
def test_curves_bear_title_axes_with_units_and_legend_as_text(word: str) -> None:
    assert f">{word}</text>" in curves_svg()


def test_trials_bear_title_axes_with_units_limit_and_winner_as_text() -> None:
    text = plots.svg_text(plots.draw_trials(plots.trial_series(TRIALS, 0), 100_000), "trials", "Trials")
    for word in ("int8 file, bytes", "validation accuracy, %", "1 epoch of 8,000 images", "3 epochs of 20,000 images",
                 "most the device takes", "winner, trial 0"):  # fmt: skip
        assert f">{word}</text>" in text


def test_svg_is_the_same_each_time() -> None:
    assert curves_svg() == curves_svg()


def test_svg_is_well_formed_escaped_and_described() -> None:
    root = ElementTree.fromstring(curves_svg())
    title = root[0]
    assert title.text == "A <line> & more"
    assert root.get("aria-labelledby") == title.get("id") == "curves-alt"


def test_svg_holds_no_date_no_font_and_nothing_from_elsewhere() -> None:
    text = curves_svg()
    assert not re.search(r"<metadata|font-family|<!--|DejaVu|\d{4}-\d\d-\d\d", text)
    assert set(re.findall(r'https?://[^"]+', text)) == {"http://www.w3.org/2000/svg"}


def test_svg_ids_bear_its_name_and_all_pointers_find_one() -> None:
    text = curves_svg("accuracy")
    ids = re.findall(r' id="([^"]+)"', text)
    pointed = set(re.findall(r'(?:href="#|url\(#|aria-labelledby=")([^")]+)', text))
    assert len(ids) == len(set(ids)) and all(one.startswith("accuracy-") for one in ids)
    assert pointed == set(ids)


def test_svg_leaves_colours_to_the_page() -> None:
    text = curves_svg()
    assert "var(--series-1)" in text and "var(--ink)" in text
    assert not re.search("#[0-9a-f]{6}", text)
