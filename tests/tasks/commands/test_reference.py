import re
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from litesmith.errors import ContractError
from litesmith.files import read_json, write_json, write_text
from litesmith.records.record import write_record
from litesmith.records.summary import Summary
from litesmith.report.older import read_reference, read_run
from tasks import catalog
from tasks.__main__ import main
from tasks.commands.reference import make_reference
from tasks.workspace import make_workspace, workspace_folder
from tests.litesmith.report.report_inputs import report_summary, with_value

PROJECT = Path(__file__).parents[3]


@pytest.fixture(name="summary_of", scope="module")
def fixture_summary_of() -> Callable[..., Summary]:
    """Return what makes the summary of a report whose final file has this accuracy and size."""
    summary = report_summary()

    def summary_of(final: str, accuracy: float, size_bytes: int) -> Summary:
        variant = summary.results.evaluate.variants[final].model_copy(
            update={"accuracy": accuracy, "bytes": size_bytes}
        )
        changed = with_value(summary, "results", "evaluate", "variants", final, value=variant)
        changed = with_value(changed, "results", "evaluate", "final", value=final)
        return with_value(changed, "final", value=final)

    return summary_of


def test_the_first_reference_replaces_none(summary_of: Callable[..., Summary], tmp_path: Path) -> None:
    summary = summary_of("tuned-int8", 0.9273, 70512)
    write_record(tmp_path / catalog.SUMMARY, summary)
    write_json(tmp_path / catalog.REFERENCE, None)
    text = make_reference(tmp_path)
    assert text.startswith(
        "The reference is tuned-int8: 92.73 % on test, 70\u2009512 bytes. There was none before."
    )
    assert "Commit reports/reference.json" in text
    assert read_reference(tmp_path / catalog.REFERENCE) == read_run(tmp_path / catalog.SUMMARY)


def test_the_replaced_reference_is_named_with_the_change(
    summary_of: Callable[..., Summary], tmp_path: Path
) -> None:
    write_record(tmp_path / catalog.SUMMARY, summary_of("tuned-int8", 0.9273, 70512))
    write_record(tmp_path / catalog.REFERENCE, read_run(tmp_path / catalog.SUMMARY))
    write_record(tmp_path / catalog.SUMMARY, summary_of("pruned-int8", 0.9261, 80512))
    assert make_reference(tmp_path).splitlines()[:3] == [
        "The reference was tuned-int8: 92.73 % on test, 70\u2009512 bytes.",
        "It now is pruned-int8: 92.61 % on test, 80\u2009512 bytes.",
        "Change: \u22120.12 points, +10000 bytes.",
    ]
    assert "as it was: the same run" in make_reference(tmp_path)


def test_a_run_with_a_profile_becomes_the_reference_of_the_project(
    summary_of: Callable[..., Summary],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / catalog.PARAMS, tmp_path)
    shutil.copytree(PROJECT / "devices", tmp_path / "devices")
    shutil.copytree(PROJECT / "datasets", tmp_path / "datasets")
    shutil.copytree(PROJECT / "profiles", tmp_path / "profiles")
    assert main(["reference", "--profile", "nightly"]) == 1
    assert re.match(
        r"error: .workspaces/nightly/reports/summary.json is missing, .*`python -m flows retrain --profile nightly`",
        capsys.readouterr().err,
    )
    night = summary_of("tuned-int8", 0.9412, 97512)
    write_record(tmp_path / ".workspaces/nightly" / catalog.SUMMARY, night)
    write_record(tmp_path / catalog.SUMMARY, summary_of("pruned-int8", 0.9261, 80512))
    assert main(["reference", "--profile", "nightly"]) == 0
    assert read_reference(tmp_path / catalog.REFERENCE) == read_run(
        tmp_path / ".workspaces/nightly" / catalog.SUMMARY
    )


def test_without_a_summary_it_is_refused(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / catalog.PARAMS, tmp_path)
    shutil.copytree(PROJECT / "devices", tmp_path / "devices")
    shutil.copytree(PROJECT / "datasets", tmp_path / "datasets")
    assert main(["reference"]) == 1
    assert re.match(
        r"error: reports/summary.json is missing, .*`make run` writes it", capsys.readouterr().err
    )
    assert not (tmp_path / catalog.REFERENCE).exists()


@pytest.mark.parametrize(
    "content", [None, [], {"final": "x"}, {"final": "x", "results": {"evaluate": {"variants": {}}}}]
)
def test_what_is_no_summary_is_refused_and_the_reference_stays(tmp_path: Path, content: Any) -> None:
    write_json(tmp_path / catalog.REFERENCE, None)
    write_json(tmp_path / catalog.SUMMARY, content)
    with pytest.raises(
        ContractError, match=r"reports/summary.json is not a summary that the report step wrote"
    ):
        make_reference(tmp_path)
    assert read_json(tmp_path / catalog.REFERENCE) is None


def test_a_workspace_whose_summary_is_invalid_is_to_be_written_again_there(tmp_path: Path) -> None:
    for name in ("params.yaml", "versions.yaml"):
        shutil.copy(PROJECT / name, tmp_path)
    shutil.copytree(PROJECT / "devices", tmp_path / "devices")
    shutil.copytree(PROJECT / "datasets", tmp_path / "datasets")
    workspace = make_workspace(workspace_folder(tmp_path, "nightly"), tmp_path)
    write_json(workspace / catalog.SUMMARY, {})
    again = f"`dvc --cd {workspace} repro --force --single-item report` writes it again"
    with pytest.raises(ContractError, match=re.escape(again)):
        make_reference(tmp_path, "nightly")


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"<<<<<<< HEAD",
        b'{"a": NaN}',
        '{"a": "é"}'.encode("latin-1"),
        b"[" * 99_999,
        b'{"schema_version": 0}',
    ],
)
def test_a_reference_that_cannot_be_read_is_replaced_and_named_as_that(
    summary_of: Callable[..., Summary], tmp_path: Path, content: bytes
) -> None:
    summary = summary_of("tuned-int8", 0.9, 1000)
    write_record(tmp_path / catalog.SUMMARY, summary)
    (tmp_path / catalog.REFERENCE).write_bytes(content)
    assert "The former one could not be read; git still has it." in make_reference(tmp_path)
    assert read_reference(tmp_path / catalog.REFERENCE) == read_run(tmp_path / catalog.SUMMARY)


def test_a_run_with_several_profiles_becomes_the_reference(
    summary_of: Callable[..., Summary],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / catalog.PARAMS, tmp_path)
    shutil.copytree(PROJECT / "devices", tmp_path / "devices")
    shutil.copytree(PROJECT / "datasets", tmp_path / "datasets")
    write_record(
        tmp_path / ".workspaces/nightly+short" / catalog.SUMMARY, summary_of("tuned-int8", 0.94, 97512)
    )
    for arguments in (["--profile", "nightly", "--profile", "short"], ["--profile", "nightly+short"]):
        assert main(["reference", *arguments]) == 0
    for name in ("short", "my night"):
        write_text(tmp_path / f"profiles/{name}.yaml", "seed: 5\n")
    assert main(["reference", "--profile", "short", "--profile", "my night"]) == 1
    assert "`python -m flows retrain --profile 'short+my night'`" in capsys.readouterr().err
    assert main(["reference", "--profile", "../nightly"]) == 1
    assert "'../nightly' is not the name of a profile: it is a path" in capsys.readouterr().err


def test_a_profile_that_is_unknown_is_named_instead_of_its_summary(
    summary_of: Callable[..., Summary],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    shutil.copy(PROJECT / catalog.PARAMS, tmp_path)
    shutil.copytree(PROJECT / "devices", tmp_path / "devices")
    shutil.copytree(PROJECT / "datasets", tmp_path / "datasets")
    shutil.copytree(PROJECT / "profiles", tmp_path / "profiles")
    assert main(["reference", "--profile", "nigthly"]) == 1
    assert capsys.readouterr().err.startswith("error: 'nigthly' is not a profile. Did you mean nightly?")
