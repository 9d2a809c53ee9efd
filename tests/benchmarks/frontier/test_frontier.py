import hashlib
import json
import re
import shutil
import subprocess
import sys
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from benchmarks import score
from benchmarks.frontier import collecting, data, plan
from benchmarks.frontier.__main__ import main
from benchmarks.frontier.collecting import claims, collect
from benchmarks.frontier.entries import best_on_validation
from benchmarks.frontier.plan import MODELS, RESULT, Config, read_config, student_folder, teacher_file
from litesmith.data.splits import Split, read_split, write_split
from litesmith.errors import ContractError, ParamsError
from litesmith.files import read_json, read_yaml, write_json, write_text, yaml_text
from litesmith.params.loading import overlaid
from litesmith.records.form import DataForm
from litesmith.records.record import read_record, write_record
from litesmith.tflite.metadata import read_metadata
from tasks import catalog
from tests.benchmarks.frontier.official_rows import write_official
from tests.conftest import write_idx
from tests.litesmith import make_tiny
from tests.tasks.steps.training_workspace import in_small_workspace

PROJECT = Path(__file__).parents[3]

_NETWORK = {"stem_width": 4, "stage_widths": [8], "stage_blocks": [1], "repeats": 1}
_PREACTIVATION = {"stage_widths": [4, 8], "stage_blocks": [1, 1], "dropout_rate": 0.0}
_RECIPE = {"epochs": 2, "batch_size": 32, "refresh_rows": 60}


def small_config(**other: Any) -> dict[str, Any]:
    """Return the content of ``frontier.yaml``, made small: two budgets, two seeds."""
    content = read_yaml(PROJECT / "benchmarks/frontier.yaml")
    budget = overlaid(
        content["budgets"]["16000"], {"network": _NETWORK, "recipe": _RECIPE, "must": 0.5, "goal": 0.99}
    )
    small = {
        "teachers": ["plain", "residual"],
        "min_teachers": 0.1,
        "views": {"number": 2},
        "num_calibration": 30,
        "seeds": [1, 2],
        **other,
    }
    plain = overlaid(content["candidates"]["teacher1"], {"network": _NETWORK, "recipe": _RECIPE})
    candidates = {"plain": plain, "residual": {**plain, "network": _PREACTIVATION}}
    replaced = {"candidates": candidates, "budgets": {"16000": budget, "32000": budget}}
    return overlaid({**content, **replaced}, small)


def config(**other: Any) -> Config:
    return Config.model_validate(small_config(**other))


def entry(budget: str, seed: int, content: bytes, **other: Any) -> dict[str, Any]:
    """Return what is measured of a student, made up."""
    return {
        "budget": int(budget),
        "fingerprint": config().fingerprint(budget),
        "seed": seed,
        "sha256": hashlib.sha256(content).hexdigest(),
        "num_images": 50,
        "confidence": 0.95,
        "accuracy": 0.9,
        "accuracy_interval": [0.85, 0.95],
        "bytes": len(content),
        "gzip_bytes": 900,
        "keras_accuracy": 0.901,
        "quantization_loss": 0.001,
        "quantization_loss_standard_error": 0.0002,
        "agreement": 0.99,
        "num_parameters": 4000,
        "macs": 800000,
        "latency": {
            "median_ms": 0.1,
            "p90_ms": 0.2,
            "p99_ms": 0.3,
            "num_threads": 1,
            "runtime": "LiteRT",
        },
        "mcu": None,
        "npu": None,
        "validation_accuracy": 0.9,
        "training_cpu_s": 100.0,
        "trained_on": {"host": {"cpu": "some CPU", "cores": 2}, "versions": {}},
        "measured_on": {"host": {"cpu": "some CPU", "cores": 2}, "versions": {}},
        **other,
    }


MADE_TEACHER = {
    "validation": {"accuracy": 0.95, "loss": 0.2},
    "ensemble": {"accuracy": 0.952, "loss": 0.19},
    "cpu_s": 8000.0,
    "num_parameters": 270000,
    "macs": 31000000,
    "recipe": {},
    "host": {"cpu": "some CPU", "cores": 2},
}


def finished(budget: str, seed: int, **other: Any) -> None:
    """Write a measured student into the current folder."""
    folder = student_folder(config(), budget, seed)
    folder.mkdir(parents=True)
    content = (make_tiny.TINY / "int8.tflite").read_bytes()
    (folder / "int8.tflite").write_bytes(content)
    write_json(folder / "measured.json", entry(budget, seed, content, **other))


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / catalog.PARAMS, catalog.PARAMS)
    shutil.copytree(PROJECT / "devices", "devices")
    shutil.copytree(PROJECT / "datasets", "datasets")
    write_official(tmp_path, monkeypatch)
    write_record(catalog.FORM, make_tiny.tiny_form(16))
    return tmp_path


def test_the_committed_numbers_are_those_of_the_issue() -> None:
    bounds = {name: (budget.must, budget.goal) for name, budget in read_config().budgets.items()}
    assert bounds == {
        "16000": (0.933, 0.938),
        "32000": (0.941, 0.945),
        "64000": (0.944, 0.948),
        "100000": (0.946, 0.950),
    }
    assert read_config().seeds == [1, 2, 3]


def test_measuring_alone_names_the_test_split() -> None:
    naming = [
        path
        for path in sorted((PROJECT / "benchmarks").rglob("*.py"))
        if "catalog.TEST" in path.read_text()
    ]
    assert [path.parent.name for path in naming if path.name == "measuring.py"] == [
        "datasets",
        "frontier",
    ]
    assert len(naming) == 2


def test_an_unknown_budget_is_told() -> None:
    with pytest.raises(
        ParamsError, match=r"17 is no budget of frontier\.yaml\. Expected one of 16000, 32000\."
    ):
        config().budget("17")


def test_means_and_spreads_are_over_the_seeds(here: Path) -> None:
    finished("16000", 1, accuracy=0.90, quantization_loss=0.001)
    finished("16000", 2, accuracy=0.92, quantization_loss=-0.0005)
    collect(config())
    budget = read_json(RESULT)["budgets"]["16000"]
    assert budget["num_seeds"] == 2
    assert budget["missing_seeds"] == []
    assert budget["mean"]["accuracy"] == pytest.approx(0.91)
    assert budget["mean"]["quantization_loss"] == pytest.approx(0.00025)
    assert budget["standard_deviation"]["accuracy"] == pytest.approx(0.014142, abs=1e-6)
    assert [entry["seed"] for entry in budget["entries"]] == [1, 2]


def test_a_missing_seed_is_never_silent(here: Path) -> None:
    finished("16000", 2)
    collect(config())
    result = read_json(RESULT)
    budget, none = result["budgets"]["16000"], result["budgets"]["32000"]
    assert (budget["num_seeds"], budget["missing_seeds"]) == (1, [1])
    assert budget["standard_deviation"]["accuracy"] is None
    assert (none["num_seeds"], none["missing_seeds"], none["mean"]["accuracy"]) == (0, [1, 2], None)
    claim = result["claims"][0]
    assert claim["verdict"] == "not measured"
    assert claim["note"] == "1 of 2 seeds, mean so far 90.00 %, trained on some CPU, 2 cores"
    assert not (MODELS / "fashion-mnist-32000.tflite").exists()


def test_a_seed_that_was_not_asked_for_does_not_count(here: Path) -> None:
    finished("16000", 1)
    finished("16000", 7, accuracy=1.0, validation_accuracy=1.0)
    collect(config())
    assert [entry["seed"] for entry in read_json(RESULT)["budgets"]["16000"]["entries"]] == [1]


def test_must_goal_and_quantization_are_judged_on_the_mean() -> None:
    entries = [
        entry("16000", 1, b"", accuracy=0.4),
        entry("16000", 2, b"", accuracy=0.7, quantization_loss=0.004),
    ]
    accuracy, lost = [claim.to_plain() for claim in claims(config(), "16000", entries)]
    assert accuracy["measured"] == pytest.approx(0.55)
    assert (accuracy["verdict"], accuracy["goal_verdict"]) == ("met", "not met")
    assert (
        accuracy["note"] == "2 of 2 seeds, standard deviation 21.21 points, trained on some CPU, 2 cores"
    )
    assert lost["measured"] == pytest.approx(0.0025)
    assert lost["verdict"] == "not met"


def test_the_best_is_chosen_on_validation_not_on_test() -> None:
    entries = [
        entry("16000", 1, b"", accuracy=0.99, validation_accuracy=0.90),
        entry("16000", 2, b"", accuracy=0.80, validation_accuracy=0.92),
        entry("16000", 3, b"", accuracy=0.95, validation_accuracy=0.92),
    ]
    assert best_on_validation(entries)["seed"] == 2


def test_nothing_measured_is_told(here: Path) -> None:
    with pytest.raises(
        ContractError, match=r"no entry of the frontier is measured\. Run `python -m benchmarks\.front"
    ):
        collect(config())


def test_what_was_measured_elsewhere_stays_in_the_result(here: Path) -> None:
    finished("16000", 1, validation_accuracy=0.95)
    write_json(
        plan.teacher_folder(config(), "plain") / "made.json",
        MADE_TEACHER,
    )
    collect(config())
    file = MODELS / "fashion-mnist-16000.tflite"
    before, teachers = file.read_bytes(), read_json(RESULT)["teachers"]
    shutil.rmtree(plan.WORK)
    finished("16000", 2, validation_accuracy=0.90)
    collect(config())
    result = read_json(RESULT)
    assert [entry["seed"] for entry in result["budgets"]["16000"]["entries"]] == [1, 2]
    assert result["budgets"]["16000"]["published_seed"] == 1
    assert (file.read_bytes(), result["teachers"]) == (before, teachers)


def test_an_entry_of_other_numbers_is_left_out_and_named(
    here: Path, caplog: pytest.LogCaptureFixture
) -> None:
    finished("16000", 1, fingerprint="0123456789abcdef")
    finished("16000", 2)
    collect(config())
    assert [entry["seed"] for entry in read_json(RESULT)["budgets"]["16000"]["entries"]] == [2]
    assert "16000-1 left out: other numbers of frontier.yaml made it" in caplog.text


def test_all_that_decides_a_student_is_in_its_fingerprint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    first = config().fingerprint("16000")
    assert config(seeds=[5], max_quantization_loss=0.5).fingerprint("16000") == first
    others = [
        {"seed": 5},
        {"distillation": {"weight": 0.1}},
        {"views": {"number": 3}},
        {"teachers": ["plain"]},
        {"candidates": {"residual": {"recipe": {"epochs": 3}}}},
        {"num_calibration": 40},
    ]
    content = small_config()
    changed = [Config.model_validate(overlaid(content, other)).fingerprint("16000") for other in others]
    student = overlaid(content, {"budgets": {"16000": {"recipe": {"epochs": 3}}}})
    changed.append(Config.model_validate(student).fingerprint("16000"))
    monkeypatch.setattr(data, "ROWS", tmp_path / "rows.json")
    rows = data.Rows(digest="of other images", validation=(0,), last=(1,))
    write_json(data.ROWS, rows.model_dump(mode="json"))
    changed.append(config().fingerprint("16000"))
    assert len({first, *changed}) == 9


def test_a_candidate_that_does_not_teach_decides_no_student() -> None:
    few = config(teachers=["plain"])
    other = overlaid(
        small_config(teachers=["plain"]), {"candidates": {"residual": {"recipe": {"epochs": 3}}}}
    )
    assert Config.model_validate(other).fingerprint("16000") == few.fingerprint("16000")


def test_what_other_numbers_made_is_neither_gone_on_with_nor_measured(here: Path) -> None:
    content = small_config()
    longer = Config.model_validate(overlaid(content, {"budgets": {"16000": {"recipe": {"epochs": 3}}}}))
    candidates = {"candidates": {"plain": {"recipe": {"epochs": 3}}}}
    other_teachers = Config.model_validate(overlaid(content, candidates))
    other_views = Config.model_validate(overlaid(content, {"views": {"number": 3}}))
    students = {
        student_folder(each, "16000", 1) for each in (config(), longer, other_teachers, other_views)
    }
    assert len(students) == len({folder.name for folder in students}) + 3 == 4
    assert student_folder(longer, "32000", 1) == student_folder(config(), "32000", 1)
    assert (
        plan.teacher_file(other_views, "plain")
        == plan.teacher_file(config(), "plain")
        != plan.teacher_file(other_teachers, "plain")
    )
    assert len({plan.answers_folder(each) for each in (config(), other_teachers, other_views)}) == 3


def test_a_file_that_is_not_the_measured_one_is_not_published(here: Path) -> None:
    finished("16000", 1)
    (student_folder(config(), "16000", 1) / "int8.tflite").write_bytes(b"another")
    with pytest.raises(ContractError, match=r"int8\.tflite is not the measured file.*, or elsewhere"):
        collect(config())
    assert not RESULT.exists()


def test_candidates_are_told_with_what_they_cost(here: Path) -> None:
    finished("16000", 1)
    write_json(plan.teacher_folder(config(), "residual") / "made.json", MADE_TEACHER)
    answered = {"validation": {"accuracy": 0.95, "loss": 0.2}, "cpu_s": 8000.0}
    write_json(plan.answers_folder(config()) / "made.json", answered)
    collect(config())
    told = read_json(RESULT)["teachers"]
    assert told["answers"] == {**answered, "fingerprint": config().answers_fingerprint()}
    fingerprint = config().teacher_fingerprint("residual")
    assert told["residual"] == {**MADE_TEACHER, "fingerprint": fingerprint}
    assert "plain" not in told


def test_teachers_and_answers_of_other_numbers_are_told_no_more(here: Path) -> None:
    finished("16000", 1)
    write_json(plan.teacher_folder(config(), "residual") / "made.json", MADE_TEACHER)
    write_json(plan.answers_folder(config()) / "made.json", {"validation": {}, "cpu_s": 8000.0})
    collect(config())
    shutil.rmtree(plan.WORK / config().teacher_fingerprint("residual"))
    shutil.rmtree(plan.answers_folder(config()))
    collect(config())
    assert set(read_json(RESULT)["teachers"]) == {"residual", "answers"}
    longer = overlaid(small_config(), {"candidates": {"residual": {"recipe": {"epochs": 3}}}})
    finished_before = read_json(student_folder(config(), "16000", 1) / "measured.json")
    longer_config = Config.model_validate(longer)
    folder = student_folder(longer_config, "16000", 1)
    folder.mkdir(parents=True)
    content = (make_tiny.TINY / "int8.tflite").read_bytes()
    (folder / "int8.tflite").write_bytes(content)
    fingerprint = longer_config.fingerprint("16000")
    write_json(folder / "measured.json", {**finished_before, "fingerprint": fingerprint})
    collect(longer_config)
    assert read_json(RESULT)["teachers"] == {}


def test_the_cards_code_scores_the_file_as_it_says(here: Path) -> None:
    finished("16000", 1)
    collect(config())
    card = (MODELS / "fashion-mnist-16000.md").read_text()
    code = re.search(r"```python\n(.*?)```", card, re.DOTALL)
    assert code is not None
    images, labels = make_tiny.images(40, seed=5)
    for name, array in zip(score.OFFICIAL, (images[..., 0], labels), strict=True):
        write_idx(here / MODELS / name, array)
    text = code[1].replace("folder/of/the/official/files", ".")
    process = subprocess.run(
        [sys.executable, "-c", text], cwd=MODELS, capture_output=True, text=True, check=True
    )
    assert float(process.stdout) == score.score(MODELS / "fashion-mnist-16000.tflite", MODELS)


def test_the_card_says_what_is_not_measured_and_how_pixels_become_integers(here: Path) -> None:
    finished("16000", 1)
    finished("16000", 2, validation_accuracy=0.95, mcu={"tool": "TFLM 1", "arena_bytes": 34567})
    collect(config())
    card = (MODELS / "fashion-mnist-16000.md").read_text()
    assert "| memory besides the file, TFLM 1 | 34\u2009567 bytes |" in card
    assert "| cycles on a neural processor | not measured |" in card
    assert "this is seed 2, the best of them on validation" in card
    assert re.search(r"value = round\(pixel / 0\.0039\d+\) - 128\.", card)
    assert "probability = (value + 128) x 0.00390625." in card
    assert "| its 95 % interval | 85.00 to 95.00 % |" in card
    assert hashlib.sha256((MODELS / "fashion-mnist-16000.tflite").read_bytes()).hexdigest() in card
    assert max(len(line) for line in card.splitlines()) <= 120


@pytest.fixture
def workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Make a folder with small splits and parameters, and small numbers for the frontier."""
    params = in_small_workspace(tmp_path, monkeypatch)
    names = {"dataset": params.dataset.key, "device": params.device.name}
    content = {**params.model_dump(mode="json", by_alias=True), **names}
    few = {"measure": [], "latency_warmup": 1, "latency_rounds": 2, "latency_runs": 3}
    write_text(catalog.PARAMS, yaml_text(overlaid(content, {"evaluate": few})))
    images, labels = make_tiny.images(60, seed=4)
    large = np.kron(images, np.ones((1, 2, 2, 1), np.uint8))
    write_split(catalog.TEST, Split(large, labels, np.arange(60)))
    write_official(tmp_path, monkeypatch)
    write_text(tmp_path / "frontier.yaml", yaml_text(small_config()))
    monkeypatch.setattr(plan, "CONFIG", tmp_path / "frontier.yaml")
    return tmp_path


@pytest.mark.slow
def test_from_the_first_teacher_to_a_published_file(
    workspace: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert [main(["teacher", "plain"]), main(["answers"])] == [0, 1]
    assert (
        f"{teacher_file(config(), 'residual')} is missing. Run `python -m benchmarks.frontier teacher "
        "residual` first." in capsys.readouterr().err
    )
    assert main(["teacher", "residual"]) == 0
    from benchmarks.frontier import learning

    demanding = Config.model_validate(small_config(min_teachers=0.999))
    with pytest.raises(ContractError, match=r"on validation, and no student is trained below 0\.9990"):
        learning.answers(demanding)
    assert not list(MODELS.glob("*.npz"))
    assert main(["answers"]) == 0
    assert {path.name.partition("-")[0] for path in MODELS.glob("*.npz")} == {"plain", "residual"}
    assert main(["measure", "16000", "1"]) == 1
    assert "int8.tflite, model.h5, made.json missing" in capsys.readouterr().err
    assert main(["student", "16000", "1"]) == 0
    record = read_json(student_folder(config(), "16000", 1) / "made.json")
    assert record["cpu_s"] > 0
    assert "numpy" in record["versions"]

    assert main(["measure", "16000", "1"]) == 0
    measured = read_json(student_folder(config(), "16000", 1) / "measured.json")
    file = (student_folder(config(), "16000", 1) / "int8.tflite").read_bytes()
    low, high = measured["accuracy_interval"]
    assert low < measured["accuracy"] <= high
    assert measured["quantization_loss"] == pytest.approx(
        measured["keras_accuracy"] - measured["accuracy"], abs=1e-6
    )
    assert (measured["bytes"], measured["sha256"]) == (len(file), hashlib.sha256(file).hexdigest())
    assert measured["gzip_bytes"] < measured["bytes"] <= 16000
    assert (measured["mcu"], measured["npu"]) == (None, None)
    assert measured["latency"]["median_ms"] > 0
    for name, known in (
        ("training_cpu_s", "cpu_s"),
        ("macs", "macs"),
        ("num_parameters", "num_parameters"),
    ):
        assert measured[name] == record[known]
    assert measured["trained_on"] == {"host": record["host"], "versions": record["versions"]}

    assert main(["measure", "16000", "1"]) == 1
    assert "was measured before, and the test images are opened once" in capsys.readouterr().err
    assert main(["measure", "16000", "3"]) == 1
    assert "3 is no seed of the frontier. Expected one of [1, 2]" in capsys.readouterr().err

    assert main(["collect"]) == 0
    result = json.loads(RESULT.read_text())
    assert result["budgets"]["16000"]["entries"] == [measured]
    assert set(result["teachers"]) == {"plain", "residual", "answers"}
    assert result["teachers"]["residual"]["cpu_s"] > 0
    test = read_split(catalog.TEST)
    for name, array in zip(score.OFFICIAL, (test.images[..., 0], test.labels), strict=True):
        write_idx(workspace / name, np.asarray(array))
    assert score.score(MODELS / "fashion-mnist-16000.tflite", workspace) == measured["accuracy"]
    shutil.rmtree(MODELS)
    collecting.collect(plan.read_config())
    assert (MODELS / "fashion-mnist-16000.tflite").read_bytes() == file
    metadata = read_metadata(MODELS / "fashion-mnist-16000.tflite")
    assert metadata.class_names == read_record(catalog.FORM, DataForm).class_names
    assert metadata.training is not None
    assert metadata.training.outside(data.read_data().training.images).mean() < 0.02
