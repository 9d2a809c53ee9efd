"""Tests of litesmith.documents.readme."""

import json
from pathlib import Path

import pytest

from litesmith.documents.readme import BEGIN, END, read_frontier, results_block, with_block
from litesmith.errors import ContractError
from tests.litesmith.report.report_inputs import FINAL, report_inputs

README = f"# Title\n\n{BEGIN}\nformer\n{END}\n\nMore.\n"


@pytest.fixture(name="block")
def fixture_block() -> str:
    inputs = report_inputs()
    return results_block(inputs.results.evaluate, inputs.results.latency, inputs.provenance)


def table(block: str) -> list[list[str]]:
    """Return the cells of a table's lines below its head."""
    lines = [line for line in block.splitlines() if line.startswith("|")][2:]
    return [[cell.strip(" *") for cell in line.strip("|").split("|")] for line in lines]


def test_block_has_the_baseline_and_the_final_file_in_bold(block: str) -> None:
    variants = report_inputs().results.evaluate.variants
    names = [row[0] for row in table(block)]
    assert names == ["baseline, `baseline-float32`", f"the run's final file, `{FINAL}`"]
    assert [line.count("**") for line in block.splitlines() if f"`{FINAL}`" in line] == [12]
    for row, name in zip(table(block), ("baseline-float32", FINAL), strict=True):
        assert row[1] == f"{100 * variants[name].accuracy:.2f}"
        assert row[3] == f"{variants[name].bytes:,}".replace(",", "\u2009")


def test_block_has_the_frontier_of_which_the_published_seeds_count(tmp_path: Path) -> None:
    def entry(budget: int, seed: int, accuracy: float) -> dict[str, object]:
        return {
            "budget": budget, "seed": seed, "accuracy": accuracy, "accuracy_interval": [0.9, 0.95],
            "bytes": budget - 64, "gzip_bytes": budget - 3000, "macs": 7,
        }  # fmt: skip

    budgets = {
        "32000": {"published_seed": 1, "entries": [entry(32000, 1, 0.9406)]},
        "16000": {
            "published_seed": 3,
            "entries": [entry(16000, 1, 0.9322), entry(16000, 3, 0.9295)],
        },
    }
    path = tmp_path / "frontier.json"
    path.write_text(json.dumps({"claims": [], "budgets": budgets}))
    results, provenance = report_inputs().results, report_inputs().provenance
    block = results_block(results.evaluate, results.latency, provenance, read_frontier(path))
    small, large = table(block)[2:]
    link = "[at most 16\u2009000 bytes](benchmarks/models/fashion-mnist-16000.tflite)"
    assert small == [
        f"longer training, {link}",
        "92.95",
        "90.00 to 95.00",
        "15\u2009936",
        "13\u2009000",
        "",
    ]
    assert large[1] == "94.06"


def test_frontier_without_results_is_empty_and_another_file_is_refused(tmp_path: Path) -> None:
    assert read_frontier(tmp_path / "frontier.json") == []
    (tmp_path / "frontier.json").write_text('{"budgets": {}}')
    with pytest.raises(
        ContractError, match=r"frontier.json is not what the frontier's benchmark writes"
    ):
        read_frontier(tmp_path / "frontier.json")


def test_block_names_host_and_versions(block: str) -> None:
    assert "Some Processor 3.0 GHz, 2 cores, Linux-6.1, Python 3.11.7" in block
    assert "numpy 2.4.6" in block


def test_block_replaces_what_stands_between_the_markers_and_nothing_else(block: str) -> None:
    text = with_block(README, block)
    assert text.startswith("# Title\n\n") and text.endswith("\n\nMore.\n") and "former" not in text
    assert with_block(text, block) == text


def test_a_stale_table_is_replaced(block: str) -> None:
    stale = with_block(README, block).replace("96\u2009248", "96\u2009249")
    assert with_block(stale, block) == with_block(README, block) != stale


@pytest.mark.parametrize("text", ["no markers", f"{END}\n{BEGIN}", f"{BEGIN}{BEGIN}{END}"])
def test_missing_markers_are_refused(text: str, block: str) -> None:
    with pytest.raises(ContractError, match=f"must hold the lines {BEGIN} and {END}"):
        with_block(text, block)
