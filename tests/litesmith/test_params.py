from pathlib import Path
from typing import Any

import pytest
import yaml

from litesmith.errors import ParamsError
from litesmith.params import Params, overlaid, parse_params, read_params

PROJECT = Path(__file__).parents[2]


@pytest.fixture
def content() -> dict[str, Any]:
    loaded: dict[str, Any] = yaml.safe_load((PROJECT / "params.yaml").read_text())
    return loaded


def refusal(content: Any) -> str:
    with pytest.raises(ParamsError) as caught:
        parse_params(content)
    return str(caught.value)


def test_the_projects_own_file_is_valid() -> None:
    assert read_params(PROJECT / "params.yaml").dataset.num_classes == 10


@pytest.mark.parametrize("written", ["1e-06", "1E-6", "1.0e-06", ".1e-5", "+0.01e-4", "0.000001"])
def test_a_small_number_is_one_however_it_is_written(tmp_path: Path, content: dict[str, Any], written: str) -> None:
    content["validate"]["max_mean_shift"] = "here"
    (tmp_path / "params.yaml").write_text(yaml.safe_dump(content).replace("here", written))
    assert read_params(tmp_path / "params.yaml").validate_.max_mean_shift == pytest.approx(1e-06)


def test_values_cannot_be_changed(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse_params(content).prepare.num_gate = 1


def test_no_parameter_has_a_default() -> None:
    def required(section: Any) -> list[bool]:
        return [field.is_required() for field in section.model_fields.values()]

    sections = [field.annotation for field in Params.model_fields.values() if hasattr(field.annotation, "model_fields")]
    assert all(flag for section in [Params, *sections] for flag in required(section))


def test_unknown_parameter_is_refused_with_the_nearest_known_one(content: dict[str, Any]) -> None:
    content["prepare"]["num_gat"] = 3
    assert "prepare.num_gat is not a parameter. Did you mean num_gate?" in refusal(content)


def test_unknown_section_is_refused(content: dict[str, Any]) -> None:
    content["prepar"] = {}
    assert "prepar is not a parameter. Did you mean prepare?" in refusal(content)


def test_missing_parameter_is_named(content: dict[str, Any]) -> None:
    del content["prepare"]["num_gate"]
    assert refusal(content) == "prepare.num_gate is missing. Add it to params.yaml."


def test_percentage_is_explained_where_a_fraction_is_meant(content: dict[str, Any]) -> None:
    content["validate"]["min_class_share"] = 80
    text = refusal(content)
    assert "validate.min_class_share must lie in [0, 1), got 80." in text
    assert text.endswith("It is a fraction: write 0.8 for 80 %.")


def test_sparsity_80_is_explained(content: dict[str, Any]) -> None:
    content["prune"]["pruning"]["final_sparsity"] = 80
    text = refusal(content)
    assert "prune.pruning.final_sparsity must lie in [0, 1), got 80." in text
    assert text.endswith("It is a fraction: write 0.8 for 80 %.")


def test_a_range_that_no_value_lies_in_is_refused(content: dict[str, Any]) -> None:
    content["validate"]["mean_range"] = [0.32, 0.25]
    told = "validate.mean_range must be the lowest value, then the highest: write [0.25, 0.32], got [0.32, 0.25]."
    assert refusal(content).startswith(told)


def test_a_network_whose_stages_do_not_agree_is_refused(content: dict[str, Any]) -> None:
    content["teach"]["network"]["stage_blocks"] = [2]
    told = "teach.network has 2 stage_widths and 1 stage_blocks: give each stage both."
    assert refusal(content).startswith(told)


def test_units_that_run_again_are_not_asked_to_learn_to_round(content: dict[str, Any]) -> None:
    content["sweep"]["space"]["repeats"] = [1, 3]
    told = "quantize.variants has qat and pqat, and sweep.space.repeats has [1, 3]: TF-MOT cannot"
    assert refusal(content).startswith(told)
    content["quantize"]["variants"] = ["clustered", "mirrored"]
    assert parse_params(content).sweep.space.repeats == [1, 3]


def test_ends_of_a_range_of_fractions_and_numbers_of_units_have_bounds(content: dict[str, Any]) -> None:
    content["sweep"]["space"]["dropout_rates"] = [0, 80]
    assert "sweep.space.dropout_rates.1 must lie in [0, 1), got 80." in refusal(content)
    content["sweep"]["space"]["dropout_rates"] = [0.0, 0.8]
    content["teach"]["network"]["stage_blocks"] = [2, -1]
    assert "teach.network.stage_blocks.1" in refusal(content)


def test_text_is_not_taken_for_a_number(content: dict[str, Any]) -> None:
    content["prepare"]["num_gate"] = "5000"
    assert "prepare.num_gate should be a valid integer, got '5000'." in refusal(content)


def test_all_mistakes_are_told_at_once(content: dict[str, Any]) -> None:
    content["prepare"] = {"num_validation": 0, "num_gate": -1}
    assert len(refusal(content).splitlines()) == 2


def test_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"params\.yaml is missing\. Run from the project's folder"):
        read_params(tmp_path / "params.yaml")


def test_broken_yaml_is_told(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: [1")
    with pytest.raises(ParamsError, match="is not valid YAML"):
        read_params(tmp_path / "params.yaml")


def test_overlay_changes_single_values_and_replaces_lists_whole() -> None:
    base = {"seed": 1, "fetch": {"sources": ["a", "b"], "attempts": 3}}
    assert overlaid(base, {"fetch": {"sources": ["c"]}}) == {"seed": 1, "fetch": {"sources": ["c"], "attempts": 3}}
    assert base["fetch"] == {"sources": ["a", "b"], "attempts": 3}


def test_overlay_may_not_invent_keys() -> None:
    with pytest.raises(ParamsError, match=r"atempts is not a parameter\. Did you mean attempts"):
        overlaid({"fetch": {"attempts": 3}}, {"fetch": {"atempts": 1}})
