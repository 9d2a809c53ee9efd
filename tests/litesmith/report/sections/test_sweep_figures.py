"""Tests of litesmith.report.sections.sweep.figures."""

from pathlib import Path
from typing import Any

import pytest

from litesmith.analysis.importance import LOGARITHMIC, Importance
from litesmith.params.loading import read_params
from litesmith.report.sections.sweep import figures as plots
from litesmith.report.svg import svg_text


def rung(number: int, accuracy: float | None, loss: float | None = 0.3) -> dict[str, Any]:
    epochs, num_rows = ((1, 8_000), (3, 20_000))[number]
    return {"rung": number, "epochs": epochs, "num_rows": num_rows, "accuracy": accuracy, "loss": loss}


def trial(number: int, size: int | None, *rungs: Any, **choices: Any) -> dict[str, Any]:
    return {"number": number, "tflite_bytes": size, "rungs": list(rungs), "choices": choices}


TRIALS = [
    trial(0, 50_000, rung(0, 0.80), rung(1, 0.90), width=28, learning_rate=0.2),
    trial(1, 60_000, rung(0, 0.70), width=32, learning_rate=0.1),
    trial(2, 200_000, width=64, learning_rate=0.1),
    trial(3, None, rung(0, 0.75), width=28, learning_rate=0.3),
    trial(4, 70_000, rung(0, 0.85), rung(1, 0.899), width=32, learning_rate=0.12),
    trial(5, 55_000, rung(0, 0.1, loss=None), width=28, learning_rate=0.3),
]


def size_of(one: Any, _rung: int) -> Any:
    return one["tflite_bytes"]


def test_trials_stand_at_every_rung_they_reached() -> None:
    short, long = plots.rung_fields(TRIALS, size_of, winner=0, num_images=5_000)
    assert (short.trained, long.trained) == ("1 epoch of 8,000 images", "3 epochs of 20,000 images")
    assert [point.number for point in short.points] == [0, 1, 4]
    assert long.points == (
        plots.TrialPoint(0, 50_000, 0.90, "frontier", won=True),
        plots.TrialPoint(4, 70_000, 0.899, "tied", won=False),
    )
    assert long.margin == pytest.approx((0.9 * 0.1 / 5_000) ** 0.5)


def test_standing_is_told_at_each_rung_apart() -> None:
    short, _ = plots.rung_fields(TRIALS, size_of, winner=0, num_images=5_000)
    assert [point.standing for point in short.points] == ["frontier", "behind", "frontier"]


def test_slices_hold_every_trained_trial_at_the_first_rung() -> None:
    width, rate = plots.slices(TRIALS, winner=0)
    assert (width.name, width.levels, rate.levels) == ("width", (28, 32), None)
    assert [(point.number, point.value, point.went_on) for point in width.points] == [
        (0, 28, True), (1, 32, False), (3, 28, False), (4, 32, True),
    ]  # fmt: skip
    assert [point.number for point in rate.points if point.won] == [0]


def test_levels_are_sorted_as_numbers_or_as_words() -> None:
    chosen = [("mild", 100), ("strong", 28), ("mild", 3)]
    found = plots.slices(
        [trial(n, 1, rung(0, 0.5), augmentation=a, width=w) for n, (a, w) in enumerate(chosen)], None
    )
    assert [one.levels for one in found] == [("mild", "strong"), (3, 28, 100)]


def test_trials_without_what_was_asked_have_no_field() -> None:
    assert plots.rung_fields([], size_of, None, 5_000) == []
    assert plots.slices([trial(0, 1), {}], None) == []


@pytest.mark.parametrize(
    "word",
    ["Accuracy against bytes", "int8 file, bytes", "validation accuracy, %", "3 trials after 1 epoch of 8,000 images",
     "most the device takes", "on the frontier", "tied with it within noise", "behind", "0, winner"],
)  # fmt: skip
def test_fields_bear_title_axes_with_units_limit_and_winner_as_text(word: str) -> None:
    fields = plots.rung_fields(TRIALS, size_of, winner=0, num_images=5_000)
    figure = plots.draw_fields(fields, "Accuracy against bytes", "int8 file, bytes", 100_000)
    assert f">{word}</text>" in svg_text(figure, "trials", "")


@pytest.mark.parametrize(
    "word",
    [
        "width",
        "learning rate (logarithmic)",
        "validation accuracy, %",
        "stopped there",
        "winner",
        "28",
        "32",
    ],
)
def test_slices_bear_names_and_levels_as_text(word: str) -> None:
    figure = plots.draw_slices(plots.slices(TRIALS, winner=0), "1 epoch of 8,000 images")
    assert f">{word}</text>" in svg_text(figure, "slices", "")


@pytest.mark.parametrize("word", ["share of all importance, %", "batch size", "estimate"])
def test_importances_bear_names_and_what_chance_brings_as_text(word: str) -> None:
    figure = plots.draw_importances(
        [Importance("width", 0.7, 0.4), Importance("batch_size", 0.3, 0.4)], 12
    )
    text = svg_text(figure, "importance", "")
    assert f">{word}</text>" in text and ">Importance, from 12 trials</text>" in text


@pytest.mark.slow
def test_search_draws_on_a_logarithmic_scale_what_is_drawn_so() -> None:
    import optuna

    from litesmith.search.study import _suggest

    space = read_params(Path("params.yaml")).sweep.space
    asked = optuna.create_study().ask()
    _suggest(asked, space)
    found = {name for name, drawn in asked.distributions.items() if getattr(drawn, "log", False)}
    assert found == LOGARITHMIC
