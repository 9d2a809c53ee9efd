from pathlib import Path

import pytest

from benchmarks import readme
from benchmarks.readme import BENCHMARKS, README, RESULTS, check, main, render, write
from benchmarks.record import Claim, write_result
from litesmith.documents.readme import BEGIN, END
from litesmith.errors import ContractError

PROJECT = Path(__file__).parents[2]


def rows(root: Path) -> list[list[str]]:
    """Return the cells of the table's lines below its head."""
    lines = [line for line in render(root).splitlines() if line.startswith("|")][2:]
    return [[cell.strip() for cell in line.strip("|").split("|")] for line in lines]


def readme_in(root: Path) -> Path:
    path = root / README
    path.parent.mkdir()
    path.write_text(f"# Benchmarks\n\n{BEGIN}\n{END}\n\nMore.\n")
    return path


def test_what_is_not_there_reads_not_measured(tmp_path: Path) -> None:
    assert [(row[0], row[4]) for row in rows(tmp_path)] == [
        (f"[{name}](#{name})", "not measured")
        for name in BENCHMARKS
        for _ in range(3 if name == "ablation" else 1)
    ]


def test_a_claim_is_a_row_with_its_bounds(tmp_path: Path) -> None:
    claim = Claim(
        "test accuracy", "accuracy", 0.93125, 0.928, most=False, goal=0.935, note="3 of 3 seeds"
    )
    write_result(tmp_path / RESULTS / "frontier.json", {}, [claim])
    row = rows(tmp_path)[0]
    assert row[1:6] == ["test accuracy", "at least 92.80 %", "at least 93.50 %", "93.12 %", "met"]
    assert row[6].startswith("3 of 3 seeds; ")


@pytest.mark.parametrize(
    ("claim", "cells"),
    [
        (Claim("a", "share", 0.2, 0.25, True), ["at most 0.250", "", "0.200", "met"]),
        (Claim("a", "share", None, 0.25, True, never=True), ["at most 0.250", "", "never", "not met"]),
        (Claim("a", "share", None, 0.25, True), ["at most 0.250", "", "not measured", ""]),
        (Claim("a", "times", 1.4, 1.5, False), ["at least 1.50 times", "", "1.40 times", "not met"]),
        (Claim("a", "points", 0.0011, 0.002, True), ["at most 0.20 points", "", "0.11 points", "met"]),
        (
            Claim("a", "accuracy", 0.94, 0.9, False, 0.93),
            ["at least 90.00 %", "at least 93.00 %", "94.00 %", "met, goal too"],
        ),
    ],
)
def test_how_a_claim_reads(tmp_path: Path, claim: Claim, cells: list[str]) -> None:
    write_result(tmp_path / RESULTS / "sweep.json", {}, [claim])
    assert rows(tmp_path)[BENCHMARKS.index("sweep")][2:6] == cells


def test_a_line_of_the_ablation_says_how_far_it_is_from_the_whole(tmp_path: Path) -> None:
    whole = {"accuracy": [0.93, 0.94], "mean": 0.935, "minus_whole": 0.0, "standard_error": 0.0}
    other = {
        **whole,
        "accuracy": [0.92, 0.93],
        "mean": 0.925,
        "minus_whole": -0.01,
        "standard_error": 0.0012,
    }
    more = {
        "as_chosen": {**other, "mean": 0.931, "minus_whole": -0.02},
        "cross_entropy": {"mean": 0.21, "minus_whole": 0.00875, "standard_error": 0.0012},
    }
    lines = {
        "whole": {**whole, "cross_entropy": {**whole, "mean": 0.2}},
        "without flips": {**other, **more},
    }
    write_result(tmp_path / RESULTS / "ablation_full.json", {"recipe": {"epochs": 42}, "lines": lines})
    write_result(
        tmp_path / RESULTS / "ablation_teacher.json",
        {"recipe": {"epochs": 45}, "lines": {"whole": whole}},
    )
    place = BENCHMARKS.index("ablation")
    short, first, second, teacher = rows(tmp_path)[place : place + 4]
    assert short[4] == "not measured"
    assert first[1:6] == ["validation accuracy after 42 epochs, whole", "", "", "93.50 %", ""]
    assert first[6].startswith("2 seeds; what others are compared with; cross-entropy 0.2000; ")
    parts = second[6].split("; ")
    assert parts[:4] == [
        "2 seeds",
        "\u22121.00 points from the whole, standard error 0.12",
        "as files are chosen 93.10 %, \u22122.00 points from the whole, standard error 0.12",
        "cross-entropy 0.2100, +0.0088 from the whole, standard error 0.0012",
    ]
    assert teacher[1] == "validation accuracy after 45 epochs of a network of the teachers' size, whole"


def test_writing_then_checking_agrees_and_leaves_the_rest(tmp_path: Path) -> None:
    path = readme_in(tmp_path)
    with pytest.raises(
        ContractError, match=r"the table in benchmarks/README\.md is not what benchmarks/results holds"
    ):
        check(tmp_path)
    write(tmp_path)
    check(tmp_path)
    assert path.read_text().startswith("# Benchmarks\n")
    assert path.read_text().endswith("\n\nMore.\n")


def test_the_command_checks_and_writes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    readme_in(tmp_path)
    monkeypatch.chdir(tmp_path)
    assert main(["--check"]) == 1
    assert "Run `make readme`" in capsys.readouterr().err
    assert main([]) == 0
    assert main(["--check"]) == 0


def test_the_committed_table_is_the_one_of_the_committed_results() -> None:
    check(PROJECT)


def test_every_benchmark_has_a_section_with_its_command() -> None:
    text = (PROJECT / README).read_text()
    for name in BENCHMARKS:
        assert f"\n## {name}\n" in text
        assert f"python -m benchmarks.{name}" in text


def test_every_unit_can_be_written() -> None:
    assert all(say(0.5) for say in readme._WRITTEN.values())


def test_the_opening_says_in_five_lines_what_was_asked_reached_and_missed(tmp_path: Path) -> None:
    claims = [
        Claim("test accuracy", "accuracy", 0.9314, 0.915, most=False, goal=0.925),
        Claim("test accuracy, larger", "accuracy", 0.942, 0.938, most=False, goal=0.943),
        Claim("its bytes", "bytes", None, 100000, most=True),
    ]
    write_result(tmp_path / RESULTS / "frontier.json", {}, claims)
    slow = Claim("trials per minute", "times", 1.237, 1.5, most=False)
    write_result(tmp_path / RESULTS / "sweep.json", {}, [slow])
    absent = [f"[{name}](#{name})" for name in BENCHMARKS if name not in ("frontier", "sweep")]
    assert readme.summarize(tmp_path) == [
        "**Asked**: bounds for 4 figures, and for 2 of them a goal beyond.",
        "**Reached**: 2 of the 3 that were measured; beyond a goal: [frontier](#frontier): test accuracy, "
        "93.14 % (at least 92.50 %).",
        "**Missed**: [sweep](#sweep): trials per minute, 1.24 times (at least 1.50 times).",
        "**Goals missed**: [frontier](#frontier): test accuracy, larger, 94.20 % (at least 94.30 %).",
        f"**Not measured yet**: [frontier](#frontier) (1 figures), {', '.join(absent)}.",
    ]


def test_the_page_opens_with_it() -> None:
    lines = (PROJECT / README).read_text(encoding="utf-8").splitlines()
    assert lines[:3] == ["# Benchmarks", "", BEGIN]
    assert [line.split("**")[1] for line in lines[3:8]] == [
        "Asked", "Reached", "Missed", "Goals missed", "Not measured yet",
    ]  # fmt: skip
