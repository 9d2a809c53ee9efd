"""Tests of litesmith.report.sections.network."""

import re

import pytest

from litesmith.records.final.network import Network, Operator
from litesmith.report.sections.network.figures import _in_lanes, _skips, draw_network
from litesmith.report.sections.network.section import SECTION, build, in_words, operator_row
from litesmith.report.svg import svg_text
from tests.litesmith.report.report_inputs import FINAL, operator, parsed, report_inputs, with_value

INPUTS = report_inputs()
NETWORK = INPUTS.network


def one(kind: str, position: int = 0, **values: object) -> Operator:
    shapes = ([1, 8, 8, 3], [1, 4, 4, 6])
    return parsed(Operator, operator(kind, position, shapes, **values))


@pytest.mark.usefixtures("undrawn")
def test_table_has_every_operator_and_adds_up_to_the_file() -> None:
    page = SECTION.render(INPUTS)
    rows = [re.sub(r"<[^>]+>", "|", row) for row in page.split("<tr")[2:]]
    assert len(rows) == len(NETWORK.operators) + len(NETWORK.other) + 1
    cells = [[cell for cell in row.partition(">")[2].split("|") if cell.strip()] for row in rows]
    number = lambda text: int(text.replace("\u2009", ""))  # noqa: E731
    total = cells[-1]
    assert total[0] == "The whole file"
    assert [number(total[1]), number(total[3]), number(total[4])] == [
        NETWORK.num_weights, NETWORK.macs, NETWORK.bytes
    ]  # fmt: skip
    counted = [number(row[-1]) for row in cells[:-1] if row[-1] != "\u2013"]
    assert sum(counted) == NETWORK.bytes == INPUTS.results.convert.final.bytes
    (macs,) = (check.measured for check in INPUTS.limits if check.name == "max_macs")
    assert macs == NETWORK.macs


def test_page_says_what_the_file_takes_in_one_sentence() -> None:
    page = SECTION.render(INPUTS)
    assert (
        f"{FINAL} runs 7 operators for one image: 92\u2009608 weights, of which 1.0&nbsp;% are zero, "
        "9\u2009812\u2009000 multiply-accumulates, 96\u2009248 bytes." in page
    )


@pytest.mark.parametrize(
    ("values", "words"),
    [
        ({"kind": "CONV_2D", "window": [3, 3], "stride": [1, 1]}, "Convolution 3 \u00d7 3"),
        (
            {"kind": "DEPTHWISE_CONV_2D", "window": [3, 5], "stride": [2, 2], "activation": "RELU6"},
            "Depthwise convolution 3 \u00d7 5, stride 2, ReLU6",
        ),
        ({"kind": "CONV_2D", "window": [1, 1], "stride": [2, 1]}, "Convolution 1 \u00d7 1, stride 2 \u00d7 1"),
        ({"kind": "MAX_POOL_2D", "window": [2, 2], "stride": [2, 2]}, "Max pool 2 \u00d7 2"),
        ({"kind": "AVERAGE_POOL_2D", "window": [3, 3], "stride": [2, 2]}, "Average pool 3 \u00d7 3, stride 2"),
        ({"kind": "FULLY_CONNECTED", "activation": "RELU"}, "Dense, ReLU"),
        ({"kind": "RESIZE_NEAREST_NEIGHBOR"}, "Resize nearest neighbor"),
        ({"kind": "HARD_SWISH"}, "Hard swish"),
        ({"kind": "CONV_2D", "activation": "SIGN_BIT"}, "Convolution, SIGN_BIT"),
    ],
)  # fmt: skip
def test_operators_are_told_in_words(values: dict[str, object], words: str) -> None:
    assert in_words(one(**values)) == words  # type: ignore[arg-type]


def test_weights_that_one_before_stores_are_named_by_its_number() -> None:
    again = one("CONV_2D", 3, dtype="int8", macs=5, shares_with=2)
    assert operator_row(4, again).shares_with == 3
    network = NETWORK.model_copy(update={"operators": (*NETWORK.operators[:3], again)})
    page = SECTION.render(with_value(INPUTS, "network", value=network))
    assert '<td class="number">those of 3</td>' in page


def test_a_shape_of_several_pictures_is_explained() -> None:
    pair = parsed(Operator, operator("CONCATENATION", 0, ([1, 8, 8, 3], [2, 8, 8, 3])))
    network = NETWORK.model_copy(update={"operators": (pair,)})
    page = SECTION.render(with_value(INPUTS, "network", value=network))
    explained = "after the number of pictures that run together for one answer"
    assert explained in page and "2 \u00d7 8 \u00d7 8 \u00d7 3" in page
    assert explained not in SECTION.render(INPUTS)


def test_lines_lead_around_operators_in_lanes_of_their_own() -> None:
    operators = tuple(
        one("ADD", position, sources=sources)
        for position, sources in enumerate([(-1,), (0,), (0, 1), (2, -1), (3, 2), (4, 4)])
    )
    network = Network(file="f", bytes=1, operators=operators, other=())
    assert list(_skips(network)) == [(0, 2), (-1, 3), (2, 4)]
    assert _in_lanes(list(_skips(network))) == [(0, (-1, 3)), (1, (0, 2)), (1, (2, 4))]


def test_diagram_has_a_box_for_each_operator_and_tells_its_units() -> None:
    rows = build(INPUTS).rows
    labels, shapes = [row.words for row in rows], [row.output_shape for row in rows]
    text = svg_text(draw_network(NETWORK, labels, shapes), "network", "")
    for word in (
        *labels,
        *shapes,
        "input",
        "28 \u00d7 28 \u00d7 1",
        "rest of the file",
        "bytes, %",
        FINAL,
    ):
        assert f">{word}</text>" in text or f">{word}</tspan>" in text, word


def test_a_network_of_one_operator_without_weights_is_drawn() -> None:
    network = Network(file="f", bytes=1, operators=(one("SOFTMAX"),), other=())
    assert "<svg" in svg_text(draw_network(network, ["Softmax"], ["10"]), "network", "")
