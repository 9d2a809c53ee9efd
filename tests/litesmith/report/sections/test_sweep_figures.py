"""Tests of litesmith.report.sections.sweep.figures."""

from pathlib import Path

import pytest

from litesmith.params.loading import read_params
from litesmith.records.sweep import Choice, Importance, RungScore, Trial
from litesmith.report.sections.sweep import figures as plots
from litesmith.report.svg import svg_text
from litesmith.search.result import file_bytes, frontiers


def rung(number: int, accuracy: float, loss: float | None = 0.3) -> RungScore:
    epochs, num_rows = ((1, 8_000), (3, 20_000))[number]
    return RungScore(rung=number, epochs=epochs, num_rows=num_rows, accuracy=accuracy, loss=loss)


def trial(number: int, size: int, *rungs: RungScore, **choices: Choice) -> Trial:
    return Trial(
        number=number,
        batch=0,
        state="pruned",
        choices=choices,
        tflite_bytes=size,
        macs=1,
        activation_bytes=1,
        rungs=rungs,
    )


TRIALS = [
    trial(0, 50_000, rung(0, 0.80), rung(1, 0.90), width=28, learning_rate=0.2),
    trial(1, 60_000, rung(0, 0.70), width=32, learning_rate=0.1),
    trial(2, 200_000, width=64, learning_rate=0.1),
    trial(3, 75_000, rung(0, 0.75), width=28, learning_rate=0.3),
    trial(4, 70_000, rung(0, 0.85), rung(1, 0.899), width=32, learning_rate=0.12),
    trial(5, 55_000, rung(0, 0.1, loss=None), width=28, learning_rate=0.3),
]


def test_slices_hold_every_trial_with_a_score_at_the_first_rung() -> None:
    width, rate = plots.slices(TRIALS, winner=0)
    assert (width.name, width.levels, rate.levels) == ("width", (28, 32), None)
    assert [(point.number, point.value, point.look.label) for point in width.points] == [
        (0, 28, "winner"), (1, 32, "stopped there"), (3, 28, "stopped there"), (4, 32, "trained longer")
    ]  # fmt: skip
    assert [point.number for point in rate.points if point.look.label == "winner"] == [0]


def test_levels_are_sorted_as_numbers_or_as_words() -> None:
    choices = [("mild", 100), ("strong", 28), ("mild", 3)]
    trials = [
        trial(n, 1, rung(0, 0.5), augmentation=augmentation, width=width)
        for n, (augmentation, width) in enumerate(choices)
    ]
    assert [panel.levels for panel in plots.slices(trials, 0)] == [("mild", "strong"), (3, 28, 100)]


def test_trials_that_were_not_trained_have_no_slice() -> None:
    assert plots.slices([trial(0, 1, width=28)], 0) == []


def test_length_of_a_training_is_told_in_words() -> None:
    assert plots.trained_words(rung(0, 0.5)) == "1 epoch of 8\u2009000 images"
    assert plots.trained_words(rung(1, 0.5)) == "3 epochs of 20\u2009000 images"


@pytest.mark.parametrize(
    "word",
    ["Accuracy against bytes", "int8 file, bytes", "validation accuracy, %", "4 trials after 1 epoch of 8\u2009000 images",
     "most the device takes", "on the frontier", "tied with it within noise", "behind", "0, winner"]
)  # fmt: skip
def test_frontiers_bear_title_axes_with_units_limit_and_winner_as_text(word: str) -> None:
    points = frontiers(TRIALS, file_bytes, winner=0, num_images=5_000)
    figure = plots.draw_frontiers(points, "Accuracy against bytes", "int8 file, bytes", 100_000)
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
    figure = plots.draw_slices(plots.slices(TRIALS, winner=0), "1 epoch of 8\u2009000 images")
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

    from litesmith.search.space import suggest

    space = read_params(Path("params.yaml")).sweep.space
    asked = optuna.create_study().ask()
    suggest(asked, space)
    logarithmic = {name for name, scale in asked.distributions.items() if getattr(scale, "log", False)}
    assert logarithmic == plots.LOGARITHMIC
