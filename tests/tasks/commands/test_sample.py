import hashlib
import shutil
from pathlib import Path

import pytest
from PIL import Image

from litesmith.errors import ContractError, MachineError
from litesmith.files import write_text, yaml_text
from tasks import catalog
from tasks.__main__ import main
from tasks.commands.sample import MODEL, PICTURE, SAMPLE, check_sample, make_sample, model_or_sample

PROJECT = Path(__file__).parents[3]


@pytest.fixture
def root(tmp_path: Path) -> Path:
    report = tmp_path / catalog.REPORT
    report.parent.mkdir()
    report.write_text(
        '<!DOCTYPE html><html lang="en"><title>t</title><body style="background:#0a0">A report</body></html>'
    )
    for path in (catalog.FINAL_LITE, catalog.FINAL_METADATA):
        write_text(tmp_path / path, f"content of {path}")
    return tmp_path


def test_without_a_report_there_is_nothing_to_copy(tmp_path: Path) -> None:
    with pytest.raises(
        ContractError, match=r"reports/report.html is missing. `dvc checkout` restores it"
    ):
        make_sample(tmp_path)


def test_without_a_browser_the_copy_is_written_and_the_picture_stays(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (root / PICTURE).parent.mkdir()
    (root / PICTURE).write_bytes(b"an older picture")
    monkeypatch.setattr(shutil, "which", lambda _: None)
    with pytest.raises(
        MachineError, match="none of chromium, chromium-browser, google-chrome is installed"
    ):
        make_sample(root)
    assert (root / SAMPLE).read_bytes() == (root / catalog.REPORT).read_bytes()
    assert (root / PICTURE).read_bytes() == b"an older picture"


def locked(root: Path) -> None:
    """Record the report of ``root`` as DVC does."""
    outs = [{"path": "reports/summary.json", "md5": "0" * 32}]
    for path in (catalog.REPORT, catalog.FINAL_LITE, catalog.FINAL_METADATA):
        md5 = hashlib.md5((root / path).read_bytes()).hexdigest()
        outs.append({"path": path.as_posix(), "md5": md5})
    write_text(root / "dvc.lock", yaml_text({"schema": "2.0", "stages": {"report": {"outs": outs}}}))


@pytest.fixture
def sampled(root: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return the folder with a sample, its picture drawn without a browser."""
    monkeypatch.setattr(
        "tasks.commands.sample._draw", lambda _, target: Image.new("RGB", (2, 2)).save(target)
    )
    make_sample(root)
    locked(root)
    return root


def test_sample_of_the_recorded_report_passes_where_the_report_itself_is_not(sampled: Path) -> None:
    (sampled / catalog.REPORT).unlink()
    check_sample(sampled)


def test_sample_of_another_report_is_refused_with_both_hashes(sampled: Path) -> None:
    (sampled / catalog.REPORT).write_text("a later report")
    locked(sampled)
    with pytest.raises(
        ContractError,
        match=r"docs/sample-report.html is not the reports/report.html of dvc.lock: .* `make sample`",
    ):
        check_sample(sampled)
    (sampled / SAMPLE).unlink()
    with pytest.raises(ContractError, match=r"expected MD5 [0-9a-f]{32}, got no file"):
        check_sample(sampled)


def test_picture_of_another_page_is_refused(sampled: Path) -> None:
    Image.new("RGB", (2, 2)).save(sampled / PICTURE)
    with pytest.raises(
        ContractError, match=r"docs/sample-report.png is not of that page: .* a picture without it"
    ):
        check_sample(sampled)
    (sampled / PICTURE).unlink()
    with pytest.raises(ContractError, match=r"got no picture"):
        check_sample(sampled)


@pytest.mark.parametrize("lock", [None, "stages: {}", "stages: {report: {outs: []}}"])
def test_lock_without_a_report_is_named(
    sampled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], lock: str | None
) -> None:
    (sampled / "dvc.lock").unlink()
    if lock is not None:
        (sampled / "dvc.lock").write_text(lock)
    shutil.copy(PROJECT / catalog.PARAMS, sampled)
    shutil.copytree(PROJECT / "devices", sampled / "devices")
    shutil.copytree(PROJECT / "datasets", sampled / "datasets")
    monkeypatch.chdir(sampled)
    assert main(["sample", "--check"]) == 1
    assert (
        "dvc.lock records no reports/report.html. `dvc repro` writes and records it"
        in capsys.readouterr().err
    )


@pytest.mark.parametrize("name", ["sample-model.tflite", "sample-model.json"])
def test_model_of_another_run_is_refused(sampled: Path, name: str) -> None:
    (sampled / "docs" / name).write_text("a later one")
    with pytest.raises(ContractError, match=rf"docs/{name} is not the models/final\.\w+ of dvc.lock"):
        check_sample(sampled)


def test_sample_answers_for_the_final_file_alone_and_only_where_it_is_missing(sampled: Path) -> None:
    (sampled / "models/other.tflite").write_text("another")
    for model in (catalog.FINAL_LITE, sampled / catalog.FINAL_LITE, Path("models/gone.tflite")):
        assert model_or_sample(sampled, model) == model
    (sampled / catalog.FINAL_LITE).unlink()
    assert model_or_sample(sampled, catalog.FINAL_LITE) == MODEL
    assert model_or_sample(sampled, sampled / catalog.FINAL_LITE) == MODEL
    assert model_or_sample(sampled, Path("models/gone.tflite")) == Path("models/gone.tflite")
    (sampled / MODEL).unlink()
    assert model_or_sample(sampled, catalog.FINAL_LITE) == catalog.FINAL_LITE


def test_a_fresh_clone_names_what_is_on_the_committed_picture(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    shutil.copytree(PROJECT / "docs", tmp_path / "docs", ignore=shutil.ignore_patterns("*.html", "*.md"))
    monkeypatch.chdir(tmp_path)
    assert main(["predict", "models/final.tflite", "docs/sample-picture.png"]) == 0
    output = capsys.readouterr()
    assert output.err == (
        "models/final.tflite is not here, as no run has ended here: docs/sample-model.tflite answers\n"
    )
    assert output.out.splitlines()[0].endswith("Ankle boot")


@pytest.mark.slow
@pytest.mark.browser
@pytest.mark.skipif(not shutil.which("chromium"), reason="needs Chromium: apt-get install chromium")
def test_the_picture_shows_the_first_screen(root: Path) -> None:
    make_sample(root)
    with Image.open(root / PICTURE) as picture:
        assert picture.size == (1280, 900)
        assert picture.convert("RGB").getpixel((1000, 800)) == (0, 170, 0)
    names = ["sample-model.json", "sample-model.tflite", "sample-report.html", "sample-report.png"]
    assert sorted(path.name for path in (root / PICTURE).parent.iterdir()) == names


def test_lock_that_is_empty_is_refused(
    sampled: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    (sampled / "dvc.lock").write_text("")
    shutil.copy(PROJECT / catalog.PARAMS, sampled)
    shutil.copytree(PROJECT / "devices", sampled / "devices")
    shutil.copytree(PROJECT / "datasets", sampled / "datasets")
    monkeypatch.chdir(sampled)
    assert main(["sample", "--check"]) == 1
    assert "dvc.lock cannot be read (it is empty, or not as DVC writes it)" in capsys.readouterr().err
