"""Tests of tasks.steps.report and of the README's table, on files as the steps write them."""

import hashlib
import json
import re
import shutil
from dataclasses import fields, replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from markupsafe import Markup

from litesmith.data.splits import Split
from litesmith.documents.formats import breakable
from litesmith.documents.readme import BEGIN, END
from litesmith.errors import ContractError, DataError
from litesmith.evaluation import Answers, write_predictions
from litesmith.files import read_json, write_json, write_text
from litesmith.params.sections.convert import Relevance
from litesmith.params.sections.dataset import KeyedDescription
from litesmith.params.sections.device import DeviceName
from litesmith.params.sections.report import ReportParams
from litesmith.records.record import write_record
from litesmith.records.service.release import no_pointers
from litesmith.release.pointers import Key
from litesmith.release.registry import Order, Registry
from litesmith.report.inputs import Predictions
from litesmith.report.older import read_run
from litesmith.report.page import make_report
from litesmith.report.sections.training import section as training
from litesmith.tflite.sizes import Size
from tasks import catalog
from tasks.commands.generated import FILES
from tasks.dag.project import HEADER
from tasks.dag.step import InGit, Measured
from tasks.steps.report import Ins, Outs, report
from tests.litesmith.release.made import DATASET, DEVICE, make_candidate
from tests.litesmith.report.report_inputs import CLASS_NAMES, FINAL, decided, report_inputs

PARAMS = ReportParams(
    max_thumbnails=7,
    max_pairs=3,
    pair_pictures=2,
    max_classes=24,
    max_changed=12,
    data=None,
    profile=None,
)


@pytest.fixture(name="workspace")
def fixture_workspace(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A workspace in which every step before the report has run; figures, which take most time, are left undrawn."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("litesmith.report.drawing.drawn", lambda *_, **__: Markup("<svg></svg>"))
    write_inputs()
    return tmp_path


@pytest.fixture(name="rendered", scope="module")
def fixture_rendered(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A workspace with the whole report, figures and all; nothing in it may be changed."""
    root = tmp_path_factory.mktemp("rendered")
    with pytest.MonkeyPatch.context() as patch:
        patch.chdir(root)
        write_inputs()
        render_page()
    return root


@pytest.fixture(name="page")
def fixture_page(rendered: Path, monkeypatch: pytest.MonkeyPatch) -> str:
    """The page of the whole report, whose folder is the current one."""
    monkeypatch.chdir(rendered)
    return catalog.REPORT.read_text()


def write_inputs() -> None:
    """Write what every step before the report leaves."""
    inputs = report_inputs()
    for field in fields(inputs.results):
        step = field.name.replace("_", "-")
        path = catalog.metrics(step) if step == "latency" else catalog.results(step)
        write_record(path, getattr(inputs.results, field.name))
    for step, provenance in inputs.provenance.items():
        write_record(catalog.provenance(step), provenance)
    for model in ("teacher", *inputs.histories):
        history = inputs.histories.get(model, {"epoch": (), "loss": ()})
        write_text(catalog.plot(f"{model}-history"), pd.DataFrame(history).to_csv(index=False))
    write_text(catalog.BASELINE_SUMMARY, inputs.baseline_summary)
    write_text(catalog.FINAL_LITE, "not read, only hashed")
    write_json(catalog.BEFORE_RELEASES, None)
    write_record(catalog.IN_SERVICE, no_pointers())
    write_record(catalog.FORM, inputs.form)
    write_record(catalog.DECISION, inputs.decision)
    write_record(catalog.results("network"), inputs.network)
    write_record(catalog.results("tradeoff"), inputs.tradeoff)
    write_record(catalog.results("judge-changed"), inputs.changed)
    write_answers(inputs.predictions)


def write_answers(predictions: Predictions) -> None:
    """Write predictions as the evaluation does."""
    labels, num_classes = predictions.labels, len(CLASS_NAMES)
    images = np.random.default_rng(7).integers(0, 256, (len(labels), 28, 28, 1)).astype(np.uint8)
    variants = {}
    for name, predicted in predictions.predicted.items():
        sure = predictions.confidence[name][:, None]
        probabilities = np.where(
            np.eye(num_classes)[predicted] == 1, sure, (1 - sure) / (num_classes - 1)
        )
        variants[name] = Answers(
            "tuned", "keras", "float32", Size(1, 1), probabilities.astype(np.float32)
        )
    split = Split(images, labels, np.arange(len(labels)))
    write_predictions(catalog.PREDICTIONS, variants, split, pictured=[FINAL, "tuned-keras"])


def render_page() -> str:
    dataset = KeyedDescription(key=DATASET, **report_inputs().dataset.model_dump())
    device = DeviceName(name=DEVICE)
    report.function(
        PARAMS, Ins(), Outs(), dataset=dataset, device=device, convert=Relevance(relevant_loss=0.01)
    )
    return catalog.REPORT.read_text()


def test_page_is_made_from_the_files(page: str) -> None:
    assert "Promote tuned-int8: it is better than v-1" in page
    assert page.count("<img") > 7
    assert page.count("<svg") > 3


def test_summary_and_card_tell_what_the_page_tells(page: str) -> None:
    summary = read_json(catalog.SUMMARY)
    (embedded,) = re.findall(r'<script type="application/json" id="summary">(.*?)</script>', page)
    assert summary == json.loads(embedded)
    assert summary["verdict"]["sentence"] in page
    assert summary["verdict"]["sentence"] in catalog.MODEL_CARD.read_text()


def test_run_is_compared_with_one_from_before_releases(workspace: Path) -> None:
    assert "no model is in service yet" in render_page()
    write_record(catalog.BEFORE_RELEASES, read_run(catalog.SUMMARY))
    assert "the final file is that of the run before releases, byte for byte." in render_page()
    write_text(catalog.FINAL_LITE, "another")
    assert "against tuned-int8 of the run before releases, on the same test images." in render_page()


def test_the_version_before_is_known_from_the_package_in_service(workspace: Path) -> None:
    render_page()
    write_record(catalog.DECISION, decided(0, 0, released_sha256="a" * 64))
    put_in_service()
    page = render_page()
    assert "Nothing to roll back to: v-1 is the first version." in page and "tasks rollback" not in page
    put_in_service(b"another model")
    assert (
        f"Roll back to {DATASET}-{DEVICE}-0001</dt><dd><code>python -m tasks rollback<" in render_page()
    )


def put_in_service(model: bytes = b"a model") -> Path:
    """Put a package in service whose run is the one of the summary, and return its folder."""
    write_record(Path("other/reference.json"), read_run(catalog.SUMMARY))
    content = Path("other/reference.json").read_bytes()
    registry = Registry(catalog.RELEASES)
    released = registry.in_service(Key(DATASET, DEVICE))
    candidate = make_candidate(
        Path("candidate"), model, released=released, **{"reference.json": content}
    )
    change = registry.promote(candidate, Order(), lambda _: None, lambda _: "")
    return registry.packages / change.version


def test_commands_name_the_workspace_from_its_project(
    workspace: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "<code>cp models/final.tflite final.tflite</code>" in render_page()
    inner = workspace / ".workspaces/my-night"
    shutil.copytree(workspace, inner, ignore=shutil.ignore_patterns(".workspaces"))
    (workspace / catalog.PARAMS).touch()
    write_text(inner / catalog.PARAMS, HEADER)
    monkeypatch.chdir(inner)
    page = render_page()
    assert "<code>cp .workspaces/my-night/models/final.tflite final.tflite</code>" in page
    assert "<code>.workspaces/my-night/models/final.tflite</code>," in page


def test_run_is_compared_with_the_model_in_service(workspace: Path) -> None:
    render_page()
    write_record(catalog.BEFORE_RELEASES, read_run(catalog.SUMMARY))
    put_in_service()
    page = render_page()
    assert "the final file is that of the model in service, byte for byte." in page
    assert f"the run that made {DATASET}-{DEVICE}-0001, the model in service" in page
    write_text(catalog.FINAL_LITE, "another")
    assert "against tuned-int8 of the model in service, on the same test images." in render_page()


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("manifest.json", r"manifest\.json is not what releases/in-service\.json points to.*dvc pull"),
        ("reference.json", r"reference\.json is not what is in service.*tasks rollback"),
    ],
)
def test_a_package_in_service_that_is_another_is_refused(
    workspace: Path, name: str, message: str
) -> None:
    render_page()
    folder = put_in_service()
    (folder / name).write_text("{}")
    with pytest.raises(DataError, match=message):
        render_page()
    (folder / name).unlink()
    with pytest.raises(DataError, match=rf"{name} is missing, which is in service"):
        render_page()


def test_reference_that_is_not_json_is_refused_with_the_way_back(workspace: Path) -> None:
    write_text(catalog.BEFORE_RELEASES, "<<<<<<< HEAD")
    with pytest.raises(
        DataError, match=r"reference\.json is not JSON: .*`git checkout -- reports/reference\.json`"
    ):
        render_page()


def test_a_result_of_another_shape_is_refused_with_the_field_that_is_wrong(workspace: Path) -> None:
    results = read_json(catalog.results("evaluate"))
    write_json(catalog.results("evaluate"), {**results, "num_images": "many"})
    message = r"reports/results/evaluate\.json is not a EvaluateResult .*num_images: .*valid integer"
    with pytest.raises(DataError, match=message):
        render_page()


def test_history_of_a_teacher_is_shown_if_there_is_one(workspace: Path) -> None:
    assert "teacher none" not in render_page()
    results = report_inputs().results
    teach = {"num_teachers": 1, "validation": {"teacher": results.baseline.validation}}
    write_record(catalog.results("teach"), results.teach.model_copy(update=teach))
    history = report_inputs().histories["baseline"]
    write_text(catalog.plot("teacher-history"), pd.DataFrame(history).to_csv(index=False))
    assert "Of 1 teachers the first is shown" in render_page()
    assert "teacher" in read_json(catalog.SUMMARY)["histories"]


def test_page_is_the_same_each_time_and_everywhere(
    page: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    write_inputs()
    assert render_page() == page


def test_page_names_the_hash_of_every_input(page: str) -> None:
    for port in report.ins:
        assert breakable(port.path.as_posix()) in page
        assert hashlib.sha256(port.path.read_bytes()).hexdigest() in page


def test_page_follows_its_inputs(workspace: Path) -> None:
    before = render_page()
    catalog.BASELINE_SUMMARY.write_text("another summary")
    assert "another summary" in render_page() != before


def test_page_names_no_folder_of_this_machine(rendered: Path, page: str) -> None:
    assert str(rendered) not in page


def test_history_with_gaps_is_drawn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr("litesmith.report.page.SECTIONS", (training.SECTION,))
    write_inputs()
    catalog.plot("pruned-history").write_text(
        "epoch,loss,accuracy,val_loss,val_accuracy,learning_rate\n1,0.5,,0.4,,\n"
    )
    assert render_page().count("<svg") > 3


def test_door_is_that_of_a_measurement() -> None:
    assert [port.path for port in report.outs][:3] == [
        catalog.REPORT,
        catalog.SUMMARY,
        catalog.MODEL_CARD,
    ]
    assert all(port.marked(Measured) for port in report.outs)
    assert [port.marked(InGit) for port in report.outs][:3] == [False, True, True]
    assert catalog.TEST not in [port.path for port in report.ins]


def test_readme_table_follows_the_summary(workspace: Path) -> None:
    summary = make_report(report_inputs()).summary
    write_record(catalog.SUMMARY, summary)
    (workspace / "README.md").write_text(f"{BEGIN}\n{END}\n")
    FILES["readme"].write(workspace)
    FILES["readme"].check(workspace)
    assert re.search(rf"final file, `{FINAL}`\*\*.*\*\*93", (workspace / "README.md").read_text())
    latency = summary.results.latency.model_copy(update={"num_threads": 3})
    results = replace(summary.results, latency=latency)
    write_record(catalog.SUMMARY, summary.model_copy(update={"results": results}))
    with pytest.raises(ContractError, match=r"results table is not what reports/ .*Run `make readme`"):
        FILES["readme"].check(workspace)


def test_readme_says_when_nothing_has_run(tmp_path: Path) -> None:
    (tmp_path / "README.md").write_text(f"{BEGIN}\n{END}\n")
    FILES["readme"].write(tmp_path)
    assert "No full run is recorded yet" in (tmp_path / "README.md").read_text()
    FILES["readme"].check(tmp_path)
