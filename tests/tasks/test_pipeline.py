import re
from pathlib import Path

from litesmith.params.everything import Params
from tasks import catalog
from tasks.commands.generated import FILES
from tasks.pipeline import PIPELINE

PROJECT = Path(__file__).parents[2]


def test_step_section_and_test_share_a_name() -> None:
    sections = {field.alias or name for name, field in Params.model_fields.items()}
    for step in PIPELINE:
        assert step.module == f"tasks.steps.{step.name}"
        assert step.name in sections or step.name not in step.sections
        assert (PROJECT / "tests/tasks/steps" / f"test_{step.name}.py").is_file()


def test_every_output_is_written_by_one_step_and_every_input_by_one_before() -> None:
    # What is in service is moved by promotion and rollback alone.
    written = {catalog.IN_SERVICE, catalog.BEFORE_RELEASES, catalog.INCOMING, catalog.ACCEPTED}
    written.add(catalog.REGRESSIONS)
    for step in PIPELINE:
        assert {port.path for port in step.ins} <= written, step.name
        assert not {port.path for port in step.outs} & written, step.name
        written |= {port.path for port in step.outs}


def test_the_committed_file_is_what_the_steps_declare() -> None:
    FILES["dvc"].check(PROJECT)


def test_only_evaluate_names_the_packed_test_split() -> None:
    takers = [
        step.name
        for step in PIPELINE
        if any(port.path.as_posix().startswith("data/prepared/test") for port in step.ins)
    ]
    assert takers == ["evaluate"]


def test_no_other_source_names_it() -> None:
    naming = [
        path.relative_to(PROJECT).as_posix()
        for ring in ("litesmith", "tasks", "flows")
        for path in (PROJECT / ring).rglob("*.py")
        if re.search(r"catalog\.TEST\b|prepared/test", path.read_text())
    ]
    assert sorted(naming) == ["tasks/catalog.py", "tasks/steps/evaluate.py", "tasks/steps/prepare.py"]


def test_only_prepare_convert_and_judge_name_the_gate_split() -> None:
    naming = [
        path.relative_to(PROJECT).as_posix()
        for ring in ("litesmith", "tasks", "flows")
        for path in (PROJECT / ring).rglob("*.py")
        if re.search(r"catalog\.GATE\b|prepared/gate", path.read_text())
    ]
    assert sorted(naming) == [
        "tasks/catalog.py", "tasks/steps/convert.py", "tasks/steps/judge.py", "tasks/steps/prepare.py",
    ]  # fmt: skip
    takers = [step.name for step in PIPELINE if catalog.GATE in {port.path for port in step.ins}]
    assert takers == ["convert", "judge"]
    # What the Keras model answered to it decides no more than the split itself.
    answering = [
        step.name for step in PIPELINE if catalog.GATE_ANSWERS in {port.path for port in step.ins}
    ]
    assert answering == ["judge"]


def test_no_benchmark_opens_the_gate_split() -> None:
    naming = [
        path.relative_to(PROJECT / "benchmarks").as_posix()
        for path in (PROJECT / "benchmarks").rglob("*.py")
        if re.search(r"catalog\.GATE\b", path.read_text())
    ]
    assert naming == []


def test_only_the_raw_steps_name_the_official_test_files() -> None:
    takers = {step.name for step in PIPELINE for port in step.ins if port.path == catalog.RAW}
    assert takers == {"intake"}
