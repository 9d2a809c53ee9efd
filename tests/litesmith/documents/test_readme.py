"""Tests of litesmith.documents.readme."""

import pytest

from litesmith.documents.readme import BEGIN, END, results_block, with_block
from litesmith.errors import ContractError
from tests.litesmith.report.report_inputs import FINAL, report_inputs

README = f"# Title\n\n{BEGIN}\nformer\n{END}\n\nMore.\n"


@pytest.fixture(name="block")
def fixture_block() -> str:
    inputs = report_inputs()
    return results_block(inputs.results.evaluate, inputs.results.latency, inputs.provenance)


def test_block_has_a_row_for_each_variant_with_the_final_one_in_bold(block: str) -> None:
    rows = [line for line in block.splitlines() if line.startswith("|")][2:]
    assert len(rows) == len(report_inputs().results.evaluate.variants)
    assert [row for row in rows if "**" in row] == [row for row in rows if FINAL in row]
    assert len({row.count("|") for row in rows}) == 1


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


def test_block_has_balanced_accuracy_and_the_worst_class_of_each_variant(block: str) -> None:
    variant = report_inputs().final_variant
    (row,) = [line for line in block.splitlines() if f"**{FINAL}**" in line]
    cells = [cell.strip(" *") for cell in row.split("|")]
    balance = variant.balance
    assert cells[4] == f"{100 * balance.accuracy.value:.2f}"
    assert cells[5] == f"{100 * balance.worst.recall.value:.1f} {variant.worst_name}"


def test_name_of_a_class_cannot_leave_its_cell() -> None:
    inputs = report_inputs(class_names=["a|b*`c`", *"defghijkl"[:9]])
    block = results_block(inputs.results.evaluate, inputs.results.latency, inputs.provenance)
    assert len({line.count("|") for line in block.splitlines() if line.startswith("|")}) == 1
