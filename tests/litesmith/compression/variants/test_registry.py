from pathlib import Path

import pytest

from litesmith.compression.loading import load_aware
from litesmith.compression.variants.registry import VARIANTS, passes, variant
from litesmith.params.loading import read_params

PROJECT = Path(__file__).parents[4]
PARAMS = read_params(PROJECT / "params.yaml").quantize


def test_each_variant_is_found_by_its_name() -> None:
    assert [variant(entry.name) for entry in VARIANTS] == list(VARIANTS)
    assert {entry.parent for entry in VARIANTS} == {"tuned", "pruned"}
    assert {entry.load for entry in VARIANTS} == {load_aware}
    with pytest.raises(KeyError, match="tuned"):
        variant("tuned")


def test_a_model_that_is_no_variant_runs_once() -> None:
    assert [passes(name) for name in ("flip_averaged", "qat", "tuned")] == [2, 1, 1]


def test_descriptions_contain_the_parameters() -> None:
    texts = {entry.name: entry.description(PARAMS) for entry in VARIANTS}
    trained = "fine-tuned for 1 more epoch while it computes with values rounded to eight bits as the file does"
    assert texts["qat"] == f"the winner, {trained}"
    assert texts["pqat"] == f"the pruned model, {trained}, its zeros kept"
    assert "each kernel of at least 1000 share at most 32 values" in texts["clustered"]
    assert texts["flip_averaged"].startswith(
        "the winner without more training: it looks at the picture and at its mirror image"
    )


def test_more_epochs_are_plural() -> None:
    recipe = PARAMS.recipe.model_copy(update={"epochs": 2})
    (qat, *_) = VARIANTS
    assert "for 2 more epochs while" in qat.description(PARAMS.model_copy(update={"recipe": recipe}))
