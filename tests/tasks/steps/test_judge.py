"""Tests of tasks.steps.judge on tiny files, the version in service being one of them."""

import hashlib
import json
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import numpy as np
import pytest
from PIL import Image

from litesmith.data.rows import Row, write_table
from litesmith.data.splits import Split, read_split, write_split
from litesmith.errors import InvalidError
from litesmith.files import write_json
from litesmith.judging import timing
from litesmith.params.everything import Params
from litesmith.records.device import LimitCheck
from litesmith.records.record import read_record, write_record
from litesmith.records.service.changed import ChangedImages
from litesmith.records.service.judge import Decision, JudgeLatency
from litesmith.tflite import runtime
from tasks import catalog
from tasks.steps.judge import Ins, Outs, judge
from tests.litesmith.judging.cases import subject, thresholds
from tests.litesmith.make_tiny import CLASS_NAMES, TINY, images, tiny_form
from tests.litesmith.report.report_inputs import FINAL, report_inputs
from tests.tasks.conftest import tiny_params

PROJECT = Path(__file__).parents[3]
KEY, VERSION = "fashion-mnist/wearable", "fashion-mnist-wearable-0001"
LENIENT = {
    "judge": {
        "flips": {"max_share": 0.5, "max_class_share": 1.0},
        "quantization": {"max_loss": 0.2},
        "latency": {"warmup": 1, "rounds": 6, "runs": 2, "max_waiting": 1.0, "max_uncertainty": 9.0, "attempts": 1},
    }
}  # fmt: skip


def params_of(overlay: dict[str, Any]) -> Params:
    """Return the project's parameters for images of 8 x 8 pixels in three classes."""
    params = tiny_params(LENIENT).model_copy(update={})
    if overlay:
        params = tiny_params({"judge": {**LENIENT["judge"], **overlay}})
    form = {"height": 8, "width": 8, "ground": "any", "classes": tuple(CLASS_NAMES)}
    return params.model_copy(update={"dataset": params.dataset.replace(**form)})


def run(overlay: dict[str, Any] | None = None) -> Decision:
    """Judge in the current folder."""
    judge.function(ins=Ins(), outs=Outs(), **judge.arguments(params_of(overlay or {})))
    return read_record(catalog.DECISION, Decision)


def put(precision: str) -> None:
    """Make a tiny file the final one."""
    catalog.FINAL_LITE.parent.mkdir(exist_ok=True)
    for suffix, path in ((".tflite", catalog.FINAL_LITE), (".json", catalog.FINAL_METADATA)):
        shutil.copy(TINY / f"{precision}{suffix}", path)


def release(
    precision: str, train_digests: list[str] | None = None, limits: tuple[LimitCheck, ...] = ()
) -> Path:
    """Put a tiny file into service, in a package with all that is read of one."""
    from litesmith.judging.decide import decide

    folder = catalog.RELEASED_PACKAGES / VERSION
    folder.mkdir(parents=True)
    shutil.copy(TINY / f"{precision}.tflite", folder / "model.tflite")
    shutil.copy(TINY / f"{precision}.json", folder / "model.json")
    decided = decide(subject(first=True, limits=limits or subject().evidence.limits), thresholds())
    write_record(folder / "decision.json", decided)
    write_json(folder / "provenance.json", {"train_digests": train_digests or []})
    return pack(folder)


def pack(folder: Path) -> Path:
    """Write the manifest of a package and the pointer to it."""
    (folder / "manifest.json").unlink(missing_ok=True)
    files = {
        path.name: {"sha256": digest(path), "bytes": path.stat().st_size}
        for path in sorted(folder.iterdir())
    }
    model = digest(folder / "model.tflite")
    dataset, device = KEY.split("/")
    manifest = {
        "kind": "litesmith package", "schema_version": 1, "dataset": dataset, "device": device,
        "model_sha256": model, "decision": "promote", "files": files,
    }  # fmt: skip
    write_json(folder / "manifest.json", manifest)
    pointer = {
        "version": VERSION,
        "manifest_sha256": digest(folder / "manifest.json"),
        "model_sha256": model,
    }
    write_pointers({KEY: pointer})
    return folder


def write_pointers(pointers: dict[str, Any]) -> None:
    write_json(
        catalog.IN_SERVICE,
        {"kind": "litesmith releases in service", "schema_version": 1, "in_service": pointers},
    )


def digest_of(row: int) -> str:
    """Return the digest of an image that the tables of intake have."""
    return f"{row:032x}"


def digest(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace in which all steps before have run, with nothing in service."""
    monkeypatch.chdir(tmp_path)
    drawn, labels = images(90, seed=7)
    write_split(catalog.GATE, Split(drawn, labels, np.arange(500, 590)))
    rows = [Row("base", f"image[{row}]", 0, "", "", digest_of(row)) for row in range(600)]
    write_table(catalog.INTAKE / "rows.csv", Row, rows)
    write_record(catalog.FORM, tiny_form(8, "any"))
    results = report_inputs().results
    limits = tuple(
        check.model_copy(update={"measured": 1.0, "met": True, "reason": None})
        for check in results.evaluate.limits
    )
    write_record(catalog.results("validate"), results.validate)
    write_record(catalog.results("convert"), results.convert)
    write_record(catalog.results("evaluate"), results.evaluate.model_copy(update={"limits": limits}))
    put("float16")
    model = results.convert.files[FINAL].model
    answers = runtime.predict(TINY / "float32.tflite", drawn)
    np.savez(catalog.GATE_ANSWERS, model=model, ids=np.arange(500, 590), probabilities=answers)
    catalog.REGRESSIONS.mkdir(parents=True)
    write_pointers({})
    return tmp_path


def test_a_first_file_is_judged_by_the_gates_that_need_no_other(here: Path) -> None:
    decision = run()
    assert (decision.outcome, decision.merit, decision.released) == ("promote", "first", None)
    assert decision.candidate.sha256 == digest(catalog.FINAL_LITE)
    assert decision.candidate.bytes == catalog.FINAL_LITE.stat().st_size
    assert (decision.dataset, decision.device) == ("fashion-mnist", "wearable")
    assert (decision.gate.num_images, decision.gate.num_left_out) == (90, 0)
    assert decision.scores is not None and sum(decision.scores.overall) == 90
    latency = read_record(catalog.results("judge-latency"), JudgeLatency)
    assert [file.name for file in latency.files] == [FINAL]
    assert latency.ratio is None
    metrics = json.loads(catalog.metrics("judge").read_text())
    assert (metrics["outcome"], metrics["gates"]["floor"]) == ("promote", "passed")


def test_the_same_run_gives_the_same_decision(here: Path) -> None:
    release("float32")
    run()
    before = catalog.DECISION.read_bytes()
    run()
    assert catalog.DECISION.read_bytes() == before


def test_both_files_answer_the_same_images_in_turns(here: Path) -> None:
    release("float32")
    decision = run({"comparison": {"smaller_share": 0.01, "max_loss": 0.2}})
    gate = read_split(catalog.GATE)
    right = [
        np.mean(runtime.predict(TINY / f"{name}.tflite", gate.images).argmax(1) == gate.labels)
        for name in ("float16", "float32")
    ]
    assert decision.changes is not None
    seen = decision.changes.comparison
    assert [seen.candidate.value, seen.released.value] == right
    assert (decision.outcome, decision.merit) == ("promote", "smaller")
    assert decision.released is not None and decision.released.version == VERSION
    latency = read_record(catalog.results("judge-latency"), JudgeLatency)
    assert [file.name for file in latency.files] == [FINAL, VERSION]
    assert latency.ratio is not None and latency.ratio > 0


def test_pictures_of_what_changed_are_kept_of_all_that_the_decision_counts(here: Path) -> None:
    noise = np.random.default_rng(3).integers(0, 256, (90, 8, 8, 1), dtype=np.uint8)
    write_split(catalog.GATE, Split(noise, images(90, seed=7)[1], np.arange(500, 590)))
    put("int8")
    release("int4")
    decision = run()
    changed = read_record(catalog.results("judge-changed"), ChangedImages)
    assert decision.changes is not None
    seen = decision.changes.comparison
    assert seen.num_gained > 0 and seen.num_lost > 0
    most = params_of({}).report.max_changed
    assert len(changed.repaired) == min(seen.num_gained, most)
    assert len(changed.regressed) == min(seen.num_lost, most)
    gate = read_split(catalog.GATE)
    for image in (*changed.regressed, *changed.repaired):
        assert gate.labels[image.row - 500] == image.label
        right = image.released == image.label, image.candidate == image.label
        assert right == (image in changed.regressed, image in changed.repaired)
    before = catalog.results("judge-changed").read_bytes()
    run()
    assert catalog.results("judge-changed").read_bytes() == before


@pytest.mark.parametrize("in_service", [None, "int8"])
def test_no_picture_is_kept_where_there_is_nothing_to_compare_with(
    here: Path, in_service: str | None
) -> None:
    if in_service is not None:
        release(in_service)  # of another input
    assert run().changes is None
    changed = read_record(catalog.results("judge-changed"), ChangedImages)
    assert (changed.regressed, changed.repaired) == ((), ())


def test_the_file_in_service_is_told_with_the_decision_that_put_it_there(here: Path) -> None:
    release("float16")
    decision = run()
    assert decision.outcome == "in service"
    assert decision.prior is not None
    assert decision.headline == f"{FINAL} is in service already, as {VERSION}. {decision.prior.headline}"


def test_images_that_the_version_in_service_learned_from_are_left_out(here: Path) -> None:
    gate = read_split(catalog.GATE)
    release("float32", [digest_of(row) for row in gate.ids[:30]])
    decision = run()
    assert (decision.gate.num_images, decision.gate.num_left_out) == (60, 30)
    assert decision.evidence.answers.num_images == 60


def test_too_few_images_left_cannot_be_judged(here: Path) -> None:
    gate = read_split(catalog.GATE)
    release("float32", [digest_of(row) for row in gate.ids[:75]])
    with pytest.raises(
        InvalidError, match=r"15 gate images are left, and judge\.min_images asks for 20"
    ):
        run()
    page = (catalog.REFUSALS / "judge.html").read_text()
    assert "Fashion-MNIST: the final file cannot be judged" in page
    assert "15 gate images are left" in page
    assert not catalog.DECISION.exists()


def test_a_class_without_images_cannot_be_judged(here: Path) -> None:
    gate = read_split(catalog.GATE)
    release("float32", [digest_of(row) for row in gate.ids[gate.labels == 1]])
    with pytest.raises(InvalidError, match=r"fewer than 1 gate images .*: right: 0; 30 were left out"):
        run()


def test_a_page_of_before_goes_once_a_run_can_be_judged(here: Path) -> None:
    with pytest.raises(InvalidError):
        run({"min_images": 1000})
    assert (catalog.REFUSALS / "judge.html").exists()
    run()
    assert not (catalog.REFUSALS / "judge.html").exists()


def test_another_class_list_is_for_a_person(here: Path) -> None:
    folder = release("float32")
    content = json.loads((folder / "model.json").read_text())
    write_json(
        folder / "model.json", {**content, "class_names": ["left", "right", "none"], "tensors": {}}
    )
    pack(folder)
    decision = run()
    assert decision.outcome == "not comparable"
    assert decision.evidence.other_form == "another list of classes"


def test_another_type_of_input_is_for_a_person(here: Path) -> None:
    release("int8")
    assert run().evidence.other_form == "another input and another output"


@pytest.mark.parametrize("name", ["model.tflite", "model.json", "decision.json", "provenance.json"])
def test_a_damaged_version_in_service_cannot_be_judged_against(here: Path, name: str) -> None:
    folder = release("float32")
    content = bytearray((folder / name).read_bytes())
    content[len(content) // 2] ^= 1
    (folder / name).write_bytes(content)
    with pytest.raises(InvalidError, match=rf"{VERSION}/{name} is not what is in service"):
        run()


def test_a_version_that_is_not_here_is_told(here: Path) -> None:
    shutil.rmtree(release("float32"))
    with pytest.raises(InvalidError, match=r"manifest\.json is missing.*`dvc pull"):
        run()


def test_answers_of_another_model_are_refused(here: Path) -> None:
    np.savez(catalog.GATE_ANSWERS, model="tuned", ids=np.arange(3), probabilities=np.ones((3, 3)))
    with pytest.raises(InvalidError, match=r"answers of tuned to 3 images.*Run convert again"):
        run()


def test_a_picture_that_once_went_wrong_must_be_right(here: Path) -> None:
    drawn, labels = images(6, seed=9)
    folder = catalog.REGRESSIONS / "fashion-mnist"
    folder.mkdir()
    rows = ["file_name,label"]
    for row in range(3):
        Image.fromarray(drawn[row, :, :, 0]).save(folder / f"{row}.png")
        rows.append(f"{row}.png,{CLASS_NAMES[labels[row]]}")
    (folder / "metadata.csv").write_text("\n".join(rows) + "\n")
    assert run().outcome == "promote"
    (folder / "metadata.csv").write_text("\n".join([*rows[:3], "2.png,left"]) + "\n")
    decision = run()
    assert decision.headline == f"Release nothing: {FINAL} is held by regression."
    (folder / "metadata.csv").write_text("\n".join([*rows[:3], "2.png,up"]) + "\n")
    with pytest.raises(InvalidError, match=r"2\.png has the label 'up', which is none of the classes"):
        run()


def test_a_loaded_host_times_nothing(here: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    waits: list[float] = []
    # Of this module alone: threads of other tests sleep too.
    monkeypatch.setattr(timing, "time", SimpleNamespace(sleep=waits.append))
    loaded = timing.Timing(0.1, None, None, None, 0.4)
    monkeypatch.setattr(timing, "_timed", lambda *_: loaded)
    with pytest.raises(
        InvalidError, match=r"waited for a processor in 40 % .* allows 10 %, 3 times in a row"
    ):
        run({"latency": {"max_waiting": 0.1, "attempts": 3}})
    assert len(waits) == 2
    assert run({"latency": {"timed": False}}).outcome == "promote"


def test_the_process_that_judges_has_litert_and_no_tensorflow(here: Path) -> None:
    release("float32")
    code = (
        "import sys; sys.path.insert(0, sys.argv[1])\n"
        "import tasks.__main__, tasks.fitting, tasks.registries\n"
        "from tests.tasks.steps.test_judge import run\n"
        "assert run().outcome == 'undecided'\n"
        "print(*{name.partition('.')[0] for name in sys.modules})"
    )
    done = subprocess.run(
        [sys.executable, "-c", code, str(PROJECT)], capture_output=True, text=True, check=True
    )
    loaded = set(done.stdout.split())
    assert "ai_edge_litert" in loaded
    assert not {"tensorflow", "tf_keras", "tensorflow_model_optimization"} & loaded
