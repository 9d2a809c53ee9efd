"""Tests of benchmarks.ablation."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest

from litesmith.errors import ParamsError
from litesmith.files import read_json, read_yaml, write_text, yaml_text
from litesmith.params.loading import overlaid
from tests.benchmarks.frontier.official_rows import write_official
from tests.tasks.steps.training_workspace import in_small_workspace

pytestmark = pytest.mark.slow

PROJECT = Path(__file__).parents[2]

_NETWORK = {"stem_width": 4, "stage_widths": [8], "stage_blocks": [1]}
_RECIPE = {"epochs": 2, "batch_size": 32, "refresh_rows": 60}
_LINES = {"whole": {}, "with teachers": {"distilled": True}}
# Of the other trainings.
_OTHER_LINES = {"whole": {}, "without shifts": {"recipe": {"augmentation": {"max_shift_px": 0}}}}


def small(name: str, folder: Path, overlay: dict[str, Any], **whole: Any) -> Path:
    """Write small numbers of a benchmark, with sections in ``whole`` replaced; return the file."""
    content = overlaid(read_yaml(PROJECT / f"benchmarks/{name}.yaml"), overlay)
    path = folder / f"{name}.yaml"
    write_text(path, yaml_text({**content, **whole}))
    return path


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a small workspace with the numbers of all ablations and the weights of a teacher."""
    from benchmarks import ablation
    from benchmarks.frontier import plan
    from benchmarks.frontier.learning import write_weights
    from benchmarks.frontier.networks import build
    from benchmarks.networks import read_form
    from litesmith.training.backend import seed_everything

    in_small_workspace(tmp_path, monkeypatch)
    write_official(tmp_path, monkeypatch)
    teacher = {"network": _NETWORK, "recipe": _RECIPE, "compute_dtype": "float32"}
    monkeypatch.setattr(
        plan, "CONFIG", small("frontier", tmp_path, {"candidates": {"teacher1": teacher}})
    )
    numbers = {"seeds": [1, 2], "network": _NETWORK, "recipe": _RECIPE}
    monkeypatch.setattr(ablation, "CONFIGS", tmp_path)
    small("ablation", tmp_path, numbers, lines=_LINES)
    longer = {**numbers, "seeds": [1], "recipe": {**_RECIPE, "epochs": 3}}
    for name in ("ablation_full", "ablation_teacher"):
        small(name, tmp_path, longer, lines=_OTHER_LINES)
    seed_everything(1)
    model = build(plan.read_config().candidate("teacher1").network, read_form(), "teacher1")
    write_weights(plan.teacher_file(plan.read_config(), "teacher1"), model)
    return tmp_path


def test_every_line_is_trained_once_with_every_seed(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    from benchmarks import ablation

    ablation.main([])
    first = read_json(ablation.RESULTS / "ablation.json")["lines"]
    assert list(first) == list(_LINES)
    for line in first.values():
        assert len(line["accuracy"]) == 2 and all(0 < value <= 1 for value in line["accuracy"])
        assert all(spent > 0 for spent in line["cpu_s"])
        assert set(line["as_chosen"]) == set(line) - {"as_chosen", "cross_entropy", "cpu_s"}
        assert all(0 < value < 3 for value in line["cross_entropy"]["nats"])
    for whole in (first["whole"], first["whole"]["as_chosen"], first["whole"]["cross_entropy"]):
        assert whole["minus_whole"] == whole["standard_error"] == 0
    assert any(line["as_chosen"]["accuracy"] != line["accuracy"] for line in first.values())
    with np.load(next((here / ablation.WORK).rglob("answers.npz"))) as answers:
        assert answers["as_chosen"].shape == (9, len(answers["plain"])), "nine places"
    views = list((here / ablation.WORK).rglob("view-*.npy"))
    assert len(views) == 2, "one for each epoch, the same for both seeds"
    assert np.load(views[0]).ndim == 2
    monkeypatch.setattr(ablation, "_trained", lambda *_: pytest.fail("trained again"))
    ablation.main([])
    assert read_json(ablation.RESULTS / "ablation.json")["lines"] == first


@pytest.mark.parametrize("which", ["full", "teacher"])
def test_other_trainings_have_numbers_and_a_result_of_their_own(here: Path, which: str) -> None:
    from benchmarks import ablation

    ablation.main([f"--{which}"])
    assert [path.name for path in ablation.RESULTS.iterdir()] == [f"ablation_{which}.json"]
    result = read_json(ablation.RESULTS / f"ablation_{which}.json")
    assert result["command"] == f"python -m benchmarks.ablation --{which}"
    assert result["recipe"]["epochs"] == 3
    assert {name: len(line["accuracy"]) for name, line in result["lines"].items()} == {
        "whole": 1,
        "without shifts": 1,
    }


def test_other_numbers_lie_elsewhere(here: Path) -> None:
    from benchmarks.ablation import CONFIGS, Config
    from benchmarks.numbers import read_numbers

    lines = {**_LINES, **_OTHER_LINES}
    small("ablation", here, {"recipe": _RECIPE}, lines=lines)
    config = read_numbers(CONFIGS / "ablation.yaml", Config)
    longer = config.model_copy(update={"recipe": config.recipe.model_copy(update={"epochs": 4})})
    folders = [each.folder(name, 1) for each in (config, longer) for name in lines]
    assert len(set(folders)) == len(folders)
    assert config.folder("whole", 1) == config.model_copy(update={"seeds": [1]}).folder("whole", 1)


def test_a_line_is_compared_image_by_image_where_seeds_agree() -> None:
    from benchmarks.ablation import _against

    whole = [np.array([1.0, 1, 1, 0]), np.array([1.0, 1, 1, 1])]
    line = [np.array([1.0, 1, 0, 0]), np.array([1.0, 0, 1, 1])]
    figures = _against("accuracy", whole, line)
    assert (figures["accuracy"], figures["mean"], figures["minus_whole"]) == ([0.5, 0.75], 0.625, -0.25)
    assert figures["standard_error"] == pytest.approx((0.25 * 0.75 / 8) ** 0.5)


def test_seeds_that_disagree_more_than_images_decide_the_standard_error() -> None:
    from benchmarks.ablation import _against

    whole = [np.repeat([1.0, 0], [50, 50])] * 2
    line = [np.repeat([1.0, 0], [40, 60]), np.repeat([1.0, 0], [60, 40])]
    figures = _against("accuracy", whole, line)
    assert figures["minus_whole"] == pytest.approx(0)
    assert figures["standard_error"] == pytest.approx(0.1)


def test_an_image_at_several_places_counts_once() -> None:
    from benchmarks.ablation import _judged

    labels = np.zeros(2, np.uint8)
    answers = {
        "plain": np.array([0, 1]),
        "as_chosen": np.array([[0, 1], [0, 0]]),
        "cross_entropy": np.ones(2),
    }
    figures = _judged(labels, answers)
    assert {name: values.tolist() for name, values in figures.items()} == {
        "plain": [1, 0], "as_chosen": [1, 0.5], "cross_entropy": [1, 1]
    }  # fmt: skip


def test_lines_without_a_whole_are_refused_before_any_training(here: Path) -> None:
    from benchmarks import ablation

    small("ablation", here, {}, lines={"odd": {}})
    with pytest.raises(ParamsError, match="lines are compared with 'whole', and none has that name"):
        ablation.main([])
    assert not (here / ablation.WORK).exists()
