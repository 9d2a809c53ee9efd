import json
import os
import re
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated, Any

import pytest

from litesmith.errors import BusyError, ContractError, DataError, MachineError, ParamsError
from litesmith.files import write_text
from litesmith.params.loading import read_params
from litesmith.params.sections.dataset import DatasetParams
from litesmith.params.sections.fetch import FetchParams
from litesmith.records.provenance import Making, Provenance
from litesmith.records.record import parse_record, read_record
from tasks import catalog
from tasks.dag.checksums import md5_of
from tasks.dag.lock import RUN_VARIABLE, holding
from tasks.dag.running import run_step
from tasks.dag.step import MaybeEmpty, Metric, Step, step
from tasks.pipeline import named

PROJECT = Path(__file__).parents[3]


@dataclass(frozen=True)
class Ins:
    images: Path = Path("data/in.txt")


@dataclass(frozen=True)
class Outs:
    copy: Path = Path("models/copy.txt")
    metrics: Annotated[Path, Metric()] = Path("reports/metrics/copy.json")


def step_with(body: str) -> Step:
    """Return a step of a section of params.yaml whose function runs ``body``."""

    def fetch(
        params: FetchParams, ins: Ins, outs: Outs, *, seed: int, dataset: DatasetParams, work: Path
    ) -> None:
        exec(
            body,
            {"params": params, "ins": ins, "outs": outs, "seed": seed, "dataset": dataset, "work": work},
        )

    return step(fetch)


COPY = """
outs.copy.parent.mkdir(exist_ok=True); outs.copy.write_text(ins.images.read_text())
outs.metrics.parent.mkdir(parents=True, exist_ok=True); outs.metrics.write_text(str(seed))
"""


@pytest.fixture
def root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    for name in ("params.yaml", "versions.yaml"):
        (tmp_path / name).write_text((PROJECT / name).read_text())
    shutil.copytree(PROJECT / "devices", tmp_path / "devices")
    shutil.copytree(PROJECT / "datasets", tmp_path / "datasets")
    (tmp_path / "data").mkdir()
    (tmp_path / "data/in.txt").write_text("pixels")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_a_step_leaves_outputs_and_their_provenance(root: Path) -> None:
    run_step(step_with(COPY), root)
    record = json.loads((root / "reports/provenance/fetch.json").read_text())
    assert (root / "models/copy.txt").read_text() == "pixels"
    assert record["step"] == "fetch"
    assert record["cpu_s"] >= 0
    assert record["peak_memory_mb"] > 1
    assert record["parameters"]["params"] == {"attempts": 3, "backoff_s": 1.0, "timeout_s": 5.0}
    assert record["parameters"]["dataset"]["name"] == "Fashion-MNIST"
    assert record["host"]["cores"] >= 1


def test_a_missing_input_is_named_before_anything_is_removed(root: Path) -> None:
    run_step(step_with(COPY), root)
    (root / "data/in.txt").unlink()
    message = (
        r"step fetch cannot run: 1 of its 1 inputs is missing: data/in\.txt\. Run `dvc repro fetch`\."
    )
    with pytest.raises(ContractError, match=message):
        run_step(step_with(COPY), root)
    assert (root / "models/copy.txt").exists()


@pytest.mark.parametrize(("body", "logged"), [("", True), ("(outs.folder / 'a').touch()", False)])
def test_a_folder_that_is_empty_on_purpose_is_named(
    root: Path, caplog: pytest.LogCaptureFixture, body: str, logged: bool
) -> None:
    @dataclass(frozen=True)
    class Folder:
        folder: Annotated[Path, MaybeEmpty()] = Path("models/extras")

    def fetch(params: FetchParams, ins: Ins, outs: Folder) -> None:
        outs.folder.mkdir(parents=True)
        exec(body)

    caplog.set_level("INFO")
    run_step(step(fetch), root)
    assert ("models/extras is empty, since nothing was requested" in caplog.messages) is logged


def _missing(name: str, root: Path) -> str:
    with pytest.raises(ContractError) as caught:
        run_step(named(name), root)
    return str(caught.value)


def test_many_missing_inputs_are_named_in_short_with_the_steps_that_write_them(root: Path) -> None:
    shutil.copy(PROJECT / "dvc.yaml", root)
    message = _missing("report", root)
    assert re.match(
        r"step report cannot run: (\d+) of its \1 inputs are missing: (\S+, ){2}\S+ and \d+ more\. ",
        message,
    )
    assert " fetch, validate, prepare and 8 more write what is missing. " in message
    assert message.endswith(
        "`git checkout -- releases/in-service.json reports/reference.json` restores that. Run `dvc repro report`."
    )
    assert len(message) < 400
    validate = named("validate").ins
    for port in validate[1:]:
        write_text(root / port.path, "")
    assert _missing("validate", root) == (
        f"step validate cannot run: 1 of its {len(validate)} inputs is missing: {validate[0].path}. "
        "intake writes what is missing. Run `dvc repro validate`."
    )


def test_a_pipe_in_the_place_of_an_input_is_no_input(root: Path) -> None:
    ins = named("validate").ins
    for port in ins[1:]:
        write_text(root / port.path, "")
    os.mkfifo(root / ins[0].path)
    assert f"1 of its {len(ins)} inputs is missing: {ins[0].path}" in _missing("validate", root)


@pytest.mark.parametrize(
    "content", ["", "null", "[]", "stages: [", "stages: 3", "stages: {fetch: null}", "a: 1"]
)
def test_missing_inputs_are_named_whatever_dvc_yaml_holds(root: Path, content: str) -> None:
    write_text(root / "dvc.yaml", content)
    message = _missing("fetch" if named("fetch").ins else "validate", root)
    assert "missing: " in message and "Run `dvc repro " in message


def test_old_outputs_are_gone_before_the_step_runs(root: Path) -> None:
    run_step(step_with(COPY), root)
    run_step(step_with("assert not outs.copy.exists() and not outs.metrics.exists()" + COPY), root)


@pytest.mark.parametrize("target", ["elsewhere", "nowhere", "models/copy.txt"])
def test_of_an_output_that_is_a_link_the_link_alone_is_removed(root: Path, target: str) -> None:
    target_file = root / "elsewhere/file.txt"
    write_text(target_file, "text")
    (root / "models").mkdir()
    (root / "models/copy.txt").symlink_to(root / target)
    run_step(step_with(COPY), root)
    assert (root / "models/copy.txt").read_text() == "pixels"
    assert not (root / "models/copy.txt").is_symlink()
    assert target_file.read_text() == "text"


def test_an_output_that_is_missing_is_named(root: Path) -> None:
    with pytest.raises(
        ContractError, match=r"step fetch did not write models/copy\.txt, .*, which its Outs declare"
    ):
        run_step(step_with("pass"), root)


def test_an_output_that_was_not_declared_is_named(root: Path) -> None:
    with pytest.raises(
        ContractError, match=r"step fetch wrote models/stray\.txt, which its Outs do not declare"
    ):
        run_step(step_with(COPY + "(outs.copy.parent / 'stray.txt').touch()"), root)


def test_state_of_a_killed_run_is_used_by_the_next_with_the_same_inputs(root: Path) -> None:
    with pytest.raises(RuntimeError):
        run_step(step_with("(work / 'trial').touch(); raise RuntimeError"), root)
    run_step(step_with("assert (work / 'trial').exists()" + COPY), root)
    run_step(
        step_with("assert (work / 'trial').exists()" + COPY), root
    )  # DVC was killed before it recorded the outputs


def test_what_a_step_resumes_from_goes_when_another_begins(root: Path) -> None:
    run_step(step_with("(work / 'trial').touch()" + COPY), root)
    other = root / ".litesmith/work/sweep/0123456789abcdef"
    other.mkdir(parents=True)
    run_step(step_with("(work / 'trial').touch()" + COPY), root)
    assert other.is_dir(), "the state of a killed step stays"
    other.with_suffix(".ended").touch()
    run_step(step_with(COPY), root)
    assert not other.exists()
    assert list((root / ".litesmith/work/fetch").rglob("trial"))


def test_of_a_link_in_the_place_of_what_is_resumed_from_the_link_alone_goes(root: Path) -> None:
    write_text(root / "elsewhere/0123456789abcdef.ended", "")
    (root / ".litesmith/work").mkdir(parents=True)
    (root / ".litesmith/work/sweep").symlink_to(root / "elsewhere")
    run_step(step_with(COPY), root)
    assert not (root / ".litesmith/work/sweep").is_symlink()
    assert (root / "elsewhere/0123456789abcdef.ended").is_file()


def test_a_folder_that_cannot_be_written_is_named_before_anything_is_removed(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    run_step(step_with(COPY), root)
    # A user who may do everything is not stopped by permissions, so the system's answer is made up.
    closed = root / "reports/metrics"
    monkeypatch.setattr("tasks.dag.running.os.access", lambda path, _: path != closed)
    with pytest.raises(
        MachineError, match=r"step fetch writes to .*/reports/metrics, and .*nothing was removed\."
    ):
        run_step(step_with(COPY), root)
    assert (root / "models/copy.txt").exists()


def test_a_full_disk_is_explained_wherever_it_is_met(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    full = "raise OSError(28, 'No space left on device', 'trials.jsonl')"
    with pytest.raises(
        MachineError, match=r"cannot write trials\.jsonl: the disk is full: free some space and run"
    ):
        run_step(step_with(full), root)
    monkeypatch.setattr("tasks.dag.lock._Holder.model_dump_json", lambda *_: exec(full))
    with pytest.raises(MachineError, match="the disk is full"), holding(root):
        pass


def test_other_inputs_do_not_find_it(root: Path) -> None:
    with pytest.raises(RuntimeError):
        run_step(step_with("(work / 'trial').touch(); raise RuntimeError"), root)
    (root / "data/in.txt").write_text("other pixels")
    run_step(step_with("assert not (work / 'trial').exists()" + COPY), root)


def test_other_parameters_do_not_find_it(root: Path) -> None:
    with pytest.raises(RuntimeError):
        run_step(step_with("(work / 'trial').touch(); raise RuntimeError"), root)
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace("attempts: 3", "attempts: 4"))
    run_step(step_with("assert not (work / 'trial').exists()" + COPY), root)


def test_parameters_that_change_no_result_do_not_name_the_folder(root: Path) -> None:
    params = read_params(root / "params.yaml").sweep
    more = params.model_copy(update={"num_workers": params.num_workers + 1})
    longer = params.model_copy(update={"num_trials": params.num_trials + 1})
    assert more.deciding() == params.deciding() != longer.deciding()


def test_wrong_parameters_stop_it_before_anything_is_removed(root: Path) -> None:
    run_step(step_with(COPY), root)
    text = (root / "params.yaml").read_text()
    (root / "params.yaml").write_text(text.replace("attempts: 3", "attempts: -1"))
    with pytest.raises(ParamsError, match="attempts must lie in"):
        run_step(step_with(COPY), root)
    assert (root / "models/copy.txt").exists()


def test_a_busy_workspace_is_refused_with_its_holder(root: Path) -> None:
    with (
        holding(root),
        pytest.raises(
            BusyError, match=r"this workspace is busy: held by `python .*` \(pid \d+, since 20"
        ),
    ):
        run_step(step_with(COPY), root)


def test_the_signature_of_no_step_is_refused() -> None:
    def fetch(params: FetchParams, outs: Outs) -> None: ...

    with pytest.raises(TypeError, match="step fetch must take"):
        step(fetch)


def made(root: Path, monkeypatch: pytest.MonkeyPatch, run: str | None) -> Making:
    if run is None:
        monkeypatch.delenv(RUN_VARIABLE, raising=False)
    else:
        monkeypatch.setenv(RUN_VARIABLE, run)
    run_step(step_with(COPY), root)
    record = read_record(root / "reports/provenance/fetch.json", Provenance)
    assert record.made is not None
    return record.made


def test_the_record_says_when_by_which_run_and_from_which_sources(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    alone, ordered = made(root, monkeypatch, None), made(root, monkeypatch, "20261130T183537Z-lyrebird")
    assert (alone.run, ordered.run) == (None, "20261130T183537Z-lyrebird")
    assert alone.code == ordered.code and len(alone.code) == 64
    ended = datetime.fromisoformat(ordered.ended)
    assert ended.utcoffset() is not None and abs(datetime.now(UTC) - ended) < timedelta(minutes=5)
    assert (alone.revision, alone.dirty) == (None, None)  # no git checkout


def test_a_record_of_an_earlier_version_has_no_making() -> None:
    old = {
        "step": "sweep", "wall_s": 1.0, "cpu_s": 1.0, "peak_memory_mb": 2.0, "versions": {}, "parameters": {},
        "host": {"system": "Linux", "cpu": "x", "cores": 2, "python": "3.11"},
    }  # fmt: skip
    assert parse_record(json.dumps(old), Provenance, "it").made is None


def test_the_record_holds_no_path_of_the_machine(root: Path) -> None:
    run_step(step_with(COPY), root)
    recorded: dict[str, Any] = json.loads((root / "reports/provenance/fetch.json").read_text())
    assert str(root) not in json.dumps(recorded)


def test_an_input_that_is_not_as_recorded_stops_it_before_anything_is_removed(root: Path) -> None:
    run_step(step_with(COPY), root)
    outs = [{"path": "data/in.txt", "hash": "md5", "md5": md5_of(root / "data/in.txt")}]
    (root / "dvc.lock").write_text(json.dumps({"stages": {"prepare": {"outs": outs}}}))
    (root / "data/in.txt").write_text("pixelz")
    with pytest.raises(
        DataError, match=r"step fetch cannot run: data/in\.txt has another content: expected MD5"
    ):
        run_step(step_with(COPY + "assert False"), root)
    assert (root / "models/copy.txt").read_text() == "pixels"


def test_a_model_that_comes_into_service_meanwhile_stops_the_step(root: Path) -> None:
    @dataclass(frozen=True)
    class Reading:
        pointers: Path = catalog.IN_SERVICE

    def fetch(params: FetchParams, ins: Reading, outs: Outs, *, seed: int) -> None:
        outs.copy.parent.mkdir(exist_ok=True)
        outs.copy.write_text(ins.pointers.read_text())
        write_text(outs.metrics, str(seed))
        if "moved" not in ins.pointers.read_text():
            write_text(ins.pointers, "moved")

    fetch.__annotations__ |= {"params": FetchParams, "ins": Reading, "outs": Outs, "seed": int}
    write_text(root / catalog.IN_SERVICE, "{}")
    with pytest.raises(ContractError, match=r"was changed while step fetch read it.*`dvc repro fetch`"):
        run_step(step(fetch), root)
    run_step(step(fetch), root)


def test_checksums_of_outputs_are_recorded(root: Path) -> None:
    run_step(step_with(COPY), root)
    recorded = json.loads((root / ".litesmith/checksums/fetch.json").read_text())
    assert recorded == {path: md5_of(root / path) for path in recorded}
    assert {"models/copy.txt", "reports/provenance/fetch.json"} <= set(recorded)


def test_variables_that_are_ignored_are_named_without_their_values(
    root: Path, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    monkeypatch.setenv("XLA_SOMETHING", "secret")
    monkeypatch.setenv("TF_TOKEN_of_terraform", "secret")
    run_step(step_with(COPY), root)
    assert "ignored, since only params.yaml decides numbers: " in caplog.text
    assert "XLA_SOMETHING" in caplog.text
    assert "TF_TOKEN" not in caplog.text and "secret" not in caplog.text
