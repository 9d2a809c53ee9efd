from pathlib import Path
from typing import Any

import pytest

from litesmith.errors import ParamsError
from litesmith.params.everything import Params
from litesmith.params.loading import overlaid, parse_params, read_sections
from tasks.registries import require_registered

PROJECT = Path(__file__).parents[2]


def refusal(content: dict[str, Any]) -> str:
    with pytest.raises(ParamsError) as caught:
        require_registered(parse_params(content, PROJECT))
    return str(caught.value)


@pytest.fixture
def content() -> dict[str, Any]:
    return read_sections(PROJECT / "params.yaml")


def test_the_projects_own_parameters_name_what_is_registered(content: dict[str, Any]) -> None:
    require_registered(parse_params(content, PROJECT))


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        (
            {"quantize": {"variants": ["qat", "clusterd"]}},
            "quantize.variants.1 should be 'qat', 'pqat', 'clustered' or 'flip_averaged', got 'clusterd'. "
            "Did you mean clustered?",
        ),
        (
            {"quantize": {"variants": ["mirrored"]}},
            "quantize.variants.0 should be 'qat', 'pqat', 'clustered' or 'flip_averaged', got 'mirrored'. "
            "It is called flip_averaged now.",
        ),
        (
            {"convert": {"candidates": ["int-8"]}},
            "convert.candidates.0 should be 'int8' or 'int4', got 'int-8'. Did you mean int8?",
        ),
        (
            {"convert": {"candidates": ["float32"]}},
            "convert.candidates.0 should be 'int8' or 'int4', got 'float32'.",
        ),
        (
            {"evaluate": {"measure": ["npuu"]}},
            "evaluate.measure.0 should be 'mcu' or 'npu', got 'npuu'. Did you mean npu?",
        ),
    ],
)
def test_unknown_words_are_refused_with_the_nearest_known_one(
    content: dict[str, Any], overlay: dict[str, Any], message: str
) -> None:
    assert refusal(overlaid(content, overlay)) == message


def test_tolerances_are_for_the_registered_precisions_and_no_other(content: dict[str, Any]) -> None:
    tolerances = content["convert"]["golden_tolerance"]
    tolerances["int-8"] = tolerances.pop("int8")
    del content["convert"]["min_agreement"]["dynamic"]
    assert refusal(content).splitlines() == [
        "convert.golden_tolerance.int-8 is not a parameter. Did you mean convert.golden_tolerance.int8? "
        "Known here: float32, float16, dynamic, int8, int4.",
        "convert.golden_tolerance.int8 is missing. Add it to params.yaml.",
        "convert.min_agreement.dynamic is missing. Add it to params.yaml.",
    ]


def test_repeated_units_are_refused_for_quantization_aware_training(
    content: dict[str, Any],
) -> None:
    content["sweep"]["space"]["repeats"] = [1, 3]
    message = "quantize.variants has qat and pqat, and sweep.space.repeats has [1, 3]: TF-MOT cannot"
    assert refusal(content).startswith(message)
    content["quantize"]["variants"] = ["clustered", "flip_averaged"]
    require_registered(parse_params(content, PROJECT))


def test_a_variant_of_mirror_images_alone_is_refused_where_the_data_set_allows_none(
    content: dict[str, Any],
) -> None:
    def params(*names: str, mirror_safe: bool) -> Params:
        content["quantize"]["variants"] = list(names)
        whole = parse_params(content, PROJECT)
        return whole.replace(dataset=whole.dataset.replace(mirror_safe=mirror_safe))

    with pytest.raises(ParamsError) as caught:
        require_registered(params("flip_averaged", mirror_safe=False))
    assert str(caught.value) == (
        "quantize.variants asks for flip_averaged alone, and mirror images of Fashion-MNIST may be of "
        "another class (mirror_safe: false), so that none is left. Add another variant, or leave the list "
        "empty."
    )
    require_registered(params("flip_averaged", mirror_safe=True))
    require_registered(params("qat", "flip_averaged", mirror_safe=False))
    require_registered(params(mirror_safe=False))
