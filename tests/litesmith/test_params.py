import pickle
import re
import shutil
from copy import deepcopy
from functools import cache
from pathlib import Path
from typing import Any

import pytest

from litesmith.errors import ParamsError
from litesmith.files import write_text, yaml_text
from litesmith.params.everything import Params, indifferent_places
from litesmith.params.loading import (
    DATASETS,
    DEVICES,
    overlaid,
    parse_params,
    read_dataset,
    read_params,
    read_sections,
)
from litesmith.params.section import Section
from litesmith.params.sections.device import Device, HardLimits

PROJECT = Path(__file__).parents[2]


CONTENT = read_sections(PROJECT / "params.yaml")


@pytest.fixture
def content() -> dict[str, Any]:
    return deepcopy(CONTENT)


def refusal(content: Any) -> str:
    with pytest.raises(ParamsError) as caught:
        parse_params(content, PROJECT)
    return str(caught.value)


def test_the_projects_own_file_is_valid() -> None:
    assert read_params(PROJECT / "params.yaml").dataset.key == "fashion-mnist"


@pytest.mark.parametrize("written", ["1e-06", "1E-6", "1.0e-06", ".1e-5", "+0.01e-4", "0.000001"])
def test_a_small_number_is_one_however_it_is_written(
    tmp_path: Path, content: dict[str, Any], written: str
) -> None:
    content["validate"]["max_left_out"] = "here"
    shutil.copytree(PROJECT / DEVICES, tmp_path / DEVICES)
    shutil.copytree(PROJECT / DATASETS, tmp_path / DATASETS)
    write_text(tmp_path / "params.yaml", yaml_text(content).replace("here", written))
    assert read_params(tmp_path / "params.yaml").validate_.max_left_out == pytest.approx(1e-06)


def test_values_cannot_be_changed(content: dict[str, Any]) -> None:
    with pytest.raises(ValueError, match="frozen"):
        parse_params(content, PROJECT).fetch.attempts = 1


def test_every_section_travels_and_all_without_names_to_choose_can_be_hashed(
    content: dict[str, Any],
) -> None:
    params = parse_params(content, PROJECT)
    assert pickle.loads(pickle.dumps(params)) == params
    named = {"dataset", "sweep", "convert"}  # hold mappings of names
    sections = [
        section for name, section in params if isinstance(section, Section) and name not in named
    ]
    assert len(sections) > 10
    assert len({hash(section) for section in sections}) == len(sections)


def test_another_value_is_checked(content: dict[str, Any]) -> None:
    recipe = parse_params(content, PROJECT).prune.recipe
    assert recipe.replace(epochs=9).epochs == 9
    with pytest.raises(ValueError, match="greater than or equal to 1"):
        recipe.replace(epochs=0)


def test_what_is_no_list_or_too_short_is_explained_in_the_words_of_yaml(content: dict[str, Any]) -> None:
    content["sweep"]["space"]["widths"] = 3
    content["teach"]["network"]["stage_widths"] = []
    content["validate"]["mean_range"] = [0.1, 0.2, 0.3]
    lines = refusal(content).splitlines()
    assert lines[0].startswith("sweep.space.widths should be a valid list, got 3.")
    assert lines[1].startswith("teach.network.stage_widths List should have at least 1 item")
    assert lines[2].startswith("validate.mean_range List should have at most 2 items")


def test_what_changes_no_result_is_known_by_its_place() -> None:
    assert indifferent_places() == {
        "fetch", "intake.num_workers", "report", "sweep.num_workers", "validate.max_thumbnails"
    }  # fmt: skip


def test_no_parameter_has_a_default() -> None:
    def required(section: Any) -> list[bool]:
        return [field.is_required() for field in section.model_fields.values()]

    sections = [
        field.annotation
        for field in Params.model_fields.values()
        if hasattr(field.annotation, "model_fields")
    ]
    assert all(flag for section in [Params, *sections] for flag in required(section))


def test_unknown_parameter_is_refused_with_the_nearest_known_one(content: dict[str, Any]) -> None:
    content["fetch"]["attempt"] = 3
    assert "fetch.attempt is not a parameter. Did you mean fetch.attempts?" in refusal(content)


def test_unknown_section_is_refused(content: dict[str, Any]) -> None:
    content["prun"] = {}
    assert "prun is not a parameter. Did you mean prune?" in refusal(content)


def test_missing_parameter_is_named(content: dict[str, Any]) -> None:
    del content["fetch"]["attempts"]
    assert refusal(content) == "fetch.attempts is missing. Add it to params.yaml."


def test_percentage_is_explained_where_a_fraction_is_meant(content: dict[str, Any]) -> None:
    content["validate"]["min_ink_share"] = 80
    text = refusal(content)
    assert "validate.min_ink_share must lie in [0, 1), got 80." in text
    assert text.endswith("It is a fraction: write 0.8 for 80 %.")


def test_sparsity_80_is_explained(content: dict[str, Any]) -> None:
    content["prune"]["pruning"]["final_sparsity"] = 80
    text = refusal(content)
    assert "prune.pruning.final_sparsity must lie in [0, 1), got 80." in text
    assert text.endswith("It is a fraction: write 0.8 for 80 %.")


def test_a_range_that_no_value_lies_in_is_refused(content: dict[str, Any]) -> None:
    content["validate"]["mean_range"] = [0.32, 0.25]
    message = "validate.mean_range must be the lowest value, then the highest: write [0.25, 0.32], got [0.32, 0.25]."
    assert refusal(content).startswith(message)


def test_a_network_whose_stages_do_not_agree_is_refused(content: dict[str, Any]) -> None:
    content["teach"]["network"]["stage_blocks"] = [2]
    message = "teach.network has 2 stage_widths and 1 stage_blocks: give each stage both."
    assert refusal(content).startswith(message)


def test_ends_of_a_range_of_fractions_and_numbers_of_units_have_bounds(content: dict[str, Any]) -> None:
    content["sweep"]["space"]["dropout_rates"] = [0, 80]
    assert "sweep.space.dropout_rates.1 must lie in [0, 1), got 80." in refusal(content)
    content["sweep"]["space"]["dropout_rates"] = [0.0, 0.8]
    content["teach"]["network"]["stage_blocks"] = [2, -1]
    assert "teach.network.stage_blocks.1" in refusal(content)


def test_text_is_not_taken_for_a_number(content: dict[str, Any]) -> None:
    content["fetch"]["attempts"] = "3"
    assert "fetch.attempts should be a valid integer, got '3'." in refusal(content)


def test_all_mistakes_are_named_at_once(content: dict[str, Any]) -> None:
    content["fetch"] |= {"attempts": 0, "timeout_s": -1.0}
    assert len(refusal(content).splitlines()) == 2


def test_missing_file_says_where_to_run(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"params\.yaml is missing\. Run from the project's folder"):
        read_params(tmp_path / "params.yaml")


def test_broken_yaml_is_refused(tmp_path: Path) -> None:
    (tmp_path / "params.yaml").write_text("seed: [1\n")
    with pytest.raises(ParamsError, match=r"params\.yaml, line 2, is not valid YAML"):
        read_params(tmp_path / "params.yaml")


def test_overlay_changes_single_values_and_replaces_lists_whole() -> None:
    base = {"seed": 1, "fetch": {"sources": ["a", "b"], "attempts": 3}}
    assert overlaid(base, {"fetch": {"sources": ["c"]}}) == {
        "seed": 1,
        "fetch": {"sources": ["c"], "attempts": 3},
    }
    assert base["fetch"] == {"sources": ["a", "b"], "attempts": 3}


def test_overlay_may_not_invent_keys() -> None:
    with pytest.raises(
        ParamsError, match=r"fetch\.atempts is not a parameter\. Did you mean fetch\.attempts\?"
    ):
        overlaid({"fetch": {"attempts": 3}}, {"fetch": {"atempts": 1}})


@pytest.mark.parametrize(
    ("written", "shown"), [("", "null"), ("null", "null"), ("[seed]", r"\['seed'\]"), ("3", "3")]
)
def test_a_file_without_sections_is_refused(tmp_path: Path, written: str, shown: str) -> None:
    write_text(tmp_path / "params.yaml", written)
    with pytest.raises(
        ParamsError, match=rf"params\.yaml must hold a mapping like that of params\.yaml, got {shown}\."
    ):
        read_params(tmp_path / "params.yaml")


def _sections(content: dict[str, Any], within: tuple[str, ...] = ()) -> list[tuple[str, ...]]:
    inner = [(key, value) for key, value in content.items() if isinstance(value, dict)]
    paths = [_sections(value, (*within, key)) for key, value in inner]
    return [*((*within, key) for key, _ in inner), *(path for below in paths for path in below)]


def _set(content: dict[str, Any], path: tuple[str, ...], value: Any) -> None:
    for key in path[:-1]:
        content = content[key]
    content[path[-1]] = value


SECTIONS = _sections(CONTENT)


@pytest.mark.parametrize("path", SECTIONS, ids=".".join)
@pytest.mark.parametrize(
    ("value", "shown"), [(None, "null"), ([1], "[1]"), ("text", "'text'"), (3, "3"), (True, "True")]
)
def test_what_stands_in_the_place_of_a_section_is_named(
    content: dict[str, Any], path: tuple[str, ...], value: Any, shown: str
) -> None:
    message = f"{'.'.join(path)} must be a section, a mapping of names to values, got {shown}."
    _set(content, path, value)
    assert message in refusal(content)
    overlay: dict[str, Any] = {}
    for depth in range(1, len(path)):
        _set(overlay, path[:depth], {})
    _set(overlay, path, value)
    with pytest.raises(ParamsError) as caught:
        overlaid(CONTENT, overlay)
    assert str(caught.value).startswith(message)


def _floats(content: Any, path: tuple[Any, ...] = ()) -> list[tuple[Any, ...]]:
    if isinstance(content, float):
        return [path]
    items = (
        content.items()
        if isinstance(content, dict)
        else enumerate(content)
        if isinstance(content, list)
        else ()
    )
    return [inner for key, value in items for inner in _floats(value, (*path, key))]


FLOATS = _floats(CONTENT)


def test_floats_of_every_kind_are_tried() -> None:
    names = {".".join(map(str, path)) for path in FLOATS}
    assert len(names) > 60
    kinds = (
        "sweep.space.learning_rates.1",
        "validate.min_drift",
        "retrain.stage_limit_s",
        "fetch.backoff_s",
    )
    assert names.issuperset(kinds)


@cache
def _with_here(path: tuple[Any, ...]) -> str:
    """Return the project's parameters as YAML with a word in the place of one."""
    content = deepcopy(CONTENT)
    _set(content, path, "here")
    return yaml_text(content)


@pytest.mark.parametrize("path", FLOATS, ids=lambda path: ".".join(map(str, path)))
@pytest.mark.parametrize("written", [".inf", "-.inf", ".nan", "1e999"])
def test_no_float_may_be_infinite_or_none(tmp_path: Path, path: tuple[Any, ...], written: str) -> None:
    write_text(tmp_path / "params.yaml", _with_here(path).replace("here", written))
    with pytest.raises(ParamsError, match=rf"(?m)^{'.'.join(map(str, path))} .*got -?(inf|nan)\."):
        read_params(tmp_path / "params.yaml")


@pytest.mark.parametrize(
    ("section", "name", "limit"),
    [
        ("retrain", "stage_limit_s", "2592000"),
        ("fetch", "backoff_s", "60"),
        ("fetch", "timeout_s", "3600"),
    ],
)
def test_no_time_is_longer_than_systems_can_wait(
    content: dict[str, Any], section: str, name: str, limit: str
) -> None:
    content[section][name] = 1e308
    assert re.match(rf"{section}\.{name} must lie in .0, {limit}], got 1e\+308\.", refusal(content))


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("Trouser", "must name each class once, and 'Trouser' stands there 2 times, got ['Trouser', 'Trouser', "),
        *((name, f"must hold names that can be shown, and one is {name!r}, got [") for name in
          ("", "  ", "two\nlines", "\x1b[31mred", "\u202eleft"))
    ]
)  # fmt: skip
def test_class_names_are_words_that_tell_classes_apart(tmp_path: Path, name: str, message: str) -> None:
    classes = read_sections(PROJECT / "datasets/fashion-mnist.yaml")["classes"]
    with pytest.raises(ParamsError, match=re.escape(f"datasets/mine.yaml: classes {message}")):
        read_dataset("mine", with_dataset(tmp_path, classes=[name, *classes[1:]]))


def test_class_names_may_be_of_any_language(tmp_path: Path) -> None:
    names = ["裤子", "👟", "Jupe légère"]
    assert read_dataset("mine", with_dataset(tmp_path, classes=names)).classes == tuple(names)


def with_dataset(root: Path, **values: Any) -> Path:
    """Write ``datasets/mine.yaml``, Fashion-MNIST with other values, below a folder, and return that."""
    content = read_sections(PROJECT / "datasets/fashion-mnist.yaml")
    write_text(root / "datasets/mine.yaml", yaml_text({**content, **values}))
    return root


@pytest.mark.parametrize(
    ("values", "message"),
    [
        ({"shares": {"test": 0.5, "validation": 0.3, "gate": 0.2}}, "shares hold back 1 of the images"),
        (
            {"base": {"kind": "folders"}},
            "base.kind should be 'published', 'synthetic' or 'folder', got 'folders'.",
        ),
        ({"channels": 4}, "channels should be 1 or 3, got 4."),
        ({"ground": "black"}, "ground should be 'dark', 'light' or 'any', got 'black'."),
        ({"height": 2}, "height must lie in [4, 512], got 2."),
        ({"colour": True}, "colour is not a parameter."),
        ({"name": ""}, "name should have at least 1 character, got ''."),
    ],
)
def test_a_data_sets_file_is_refused_with_what_is_wrong(
    tmp_path: Path, values: dict[str, Any], message: str
) -> None:
    with pytest.raises(ParamsError) as caught:
        read_dataset("mine", with_dataset(tmp_path, **values))
    assert f"datasets/mine.yaml: {message}" in str(caught.value)


def test_what_a_data_set_pins_lies_over_the_parameters(tmp_path: Path, content: dict[str, Any]) -> None:
    pins = {"thresholds": {"max_thumbnails": 3}, "sweep": {"space": {"widths": [8]}}}
    root = with_dataset(tmp_path, **pins)
    shutil.copytree(PROJECT / DEVICES, root / DEVICES)
    write_text(root / "params.yaml", yaml_text({**content, "dataset": "mine"}))
    params = read_params(root / "params.yaml")
    assert (params.validate_.max_thumbnails, params.sweep.space.widths) == (3, (8,))
    with_dataset(tmp_path, sweep={"widths": [8]})
    with pytest.raises(ParamsError, match=r"datasets/mine\.yaml: sweep\.widths is not a parameter"):
        read_params(root / "params.yaml")


def test_a_data_set_that_is_not_there_is_refused_with_those_that_are(content: dict[str, Any]) -> None:
    text = refusal({**content, "dataset": "fashion-mnst"})
    assert text == (
        "dataset must be the name of a data set, got 'fashion-mnst'. Did you mean fashion-mnist? Known "
        "here: fashion-mnist, synthetic. A data set is a file datasets/NAME.yaml."
    )
    assert "stand in datasets/NAME.yaml now" in refusal({**content, "dataset": {"name": "x"}})


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        (
            {"sweep": {"num_trails": 3}},
            "sweep.num_trails is not a parameter. Did you mean sweep.num_trials?",
        ),
        (
            {"sweep": {"space": {"width": [3]}}},
            "sweep.space.width is not a parameter. Did you mean sweep.space.widths?",
        ),
        ({"Sweep": {}}, "Sweep is not a parameter. Did you mean sweep?"),
        ({"num_trials": 3}, "num_trials is not a parameter. Did you mean sweep.num_trials?"),
        (
            {"prune": {"max_macs": 3}},
            "prune.max_macs is not a parameter. Did you mean sweep.budget.max_macs?",
        ),
        ({"zzzzzz": 3}, "zzzzzz is not a parameter. Known here: seed, dataset"),
        ({1: 3}, "1 is not a parameter. Known here"),
        ({None: 3}, "None is not a parameter. Known here"),
        ({"sweep": {2.5: 3}}, "sweep.2.5 is not a parameter."),
    ],
)
def test_unknown_keys_name_their_section_and_what_was_meant(
    overlay: dict[Any, Any], message: str
) -> None:
    content = read_sections(PROJECT / "params.yaml")
    with pytest.raises(ParamsError) as caught:
        overlaid(content, overlay)
    assert str(caught.value).startswith(message)
    key, value = next(iter(overlay.items()))
    content[key] = {**content[key], **value} if isinstance(content.get(key), dict) else value
    if key != "sweep" or "space" not in value:
        assert any(line.startswith(message) for line in refusal(content).splitlines())


@pytest.mark.parametrize(
    ("overlay", "message"),
    [
        (
            {"teach": {"compute_dtype": "BFloat16"}},
            "teach.compute_dtype .*got 'BFloat16'. Did you mean bfloat16?",
        ),
        (
            {"convert": {"min_agreement": {"int16": 1.0}}},
            "convert.min_agreement.int16 is .*Did you mean .*int8?",
        ),
    ],
)
def test_unknown_words_are_refused_with_the_nearest_known_one(
    overlay: dict[str, Any], message: str
) -> None:
    with pytest.raises(
        ParamsError, match=message.replace(".", r"\.").replace(r"\.*", ".*").replace("?", r"\?")
    ):
        parse_params(overlaid(read_sections(PROJECT / "params.yaml"), overlay), PROJECT)


def test_a_long_value_is_cut(content: dict[str, Any]) -> None:
    content["seed"] = "x" * 100_000
    assert len(refusal(content)) < 1000


@pytest.fixture
def devices(tmp_path: Path) -> Path:
    """Return a copy of the project's devices and one that is larger."""
    folder = tmp_path / DEVICES
    shutil.copytree(PROJECT / DEVICES, folder)
    shutil.copytree(PROJECT / DATASETS, tmp_path / DATASETS)
    limits = read_sections(folder / "wearable.yaml")
    write_text(folder / "gateway.yaml", yaml_text({**limits, "max_macs": 90_000_000}))
    return folder


def device_refusal(content: Any, devices: Path) -> list[str]:
    with pytest.raises(ParamsError) as caught:
        parse_params(content, devices.parent)
    return str(caught.value).splitlines()


def test_the_device_is_read_from_the_file_of_its_name(content: dict[str, Any], devices: Path) -> None:
    assert parse_params(content, devices.parent).device.name == "wearable"
    gateway = parse_params({**content, "device": "gateway"}, devices.parent).device
    assert gateway == Device(name="gateway", **read_sections(devices / "gateway.yaml"))


@pytest.mark.parametrize(
    ("name", "shown"),
    [("wearble", "'wearble'. Did you mean wearable?"), ("../devices/wearable", "'../devices/wearable'."),
     ("", "''."), (None, "null."), (3, "3."), ([], "[].")]
)  # fmt: skip
def test_an_unknown_device_is_refused_with_those_that_are_known(
    content: dict[str, Any], devices: Path, name: Any, shown: str
) -> None:
    lines = device_refusal({**content, "device": name, "seed": -1}, devices)
    assert lines[0].startswith(f"device must be the name of a device, got {shown}")
    assert lines[0].endswith("Known here: gateway, wearable. A device is a file devices/NAME.yaml.")
    assert [line.partition(" ")[0] for line in lines] == ["device", "seed"]


def test_every_mistake_in_the_file_of_a_device_is_named_with_the_file(
    content: dict[str, Any], devices: Path
) -> None:
    write_text(devices / "wearable.yaml", "max_tflite_bytes: 0\nmax_mac: 3\nmax_activation_bytes: 1\n"
               "max_arena_bytes: 1\nmax_latency_ms: .inf\n")  # fmt: skip
    lines = device_refusal(content, devices)
    assert [line.partition(", got")[0] for line in lines] == [
        "devices/wearable.yaml: max_latency_ms should be a finite number",
        "devices/wearable.yaml: max_mac is not a parameter. Did you mean max_macs? Known here: "
        "max_tflite_bytes, max_macs, max_activation_bytes, max_arena_bytes, max_latency_ms.",
        "devices/wearable.yaml: max_macs is missing. Add it to wearable.yaml.",
        "devices/wearable.yaml: max_tflite_bytes must lie in [1, inf)",
    ]
    write_text(devices / "wearable.yaml", "")
    assert "must hold a mapping" in device_refusal(content, devices)[0]


@pytest.mark.parametrize(
    ("budget", "looser"),
    [
        ({"max_macs": 26_000_001}, [("max_macs", 26_000_001, 26_000_000)]),
        (
            {"max_tflite_bytes": 100_001, "max_macs": 1, "max_activation_bytes": 40_001},
            [("max_tflite_bytes", 100_001, 100_000), ("max_activation_bytes", 40_001, 40_000)],
        ),
    ],
)
def test_a_budget_that_is_looser_than_the_device_is_refused(
    content: dict[str, Any], devices: Path, budget: dict[str, int], looser: list[tuple[str, int, int]]
) -> None:
    content["sweep"]["budget"] |= budget
    lines = device_refusal(content, devices)
    assert [line.partition(". ")[0] for line in lines] == [
        f"sweep.budget.{name} is {most}, more than the {limit} of the device (devices/wearable.yaml)"
        for name, most, limit in looser
    ]
    assert lines[0].endswith(f"write {looser[0][2]} or less, or null for the device's own limit.")
    if looser[0][0] == "max_macs":
        assert (
            parse_params({**content, "device": "gateway"}, devices.parent).sweep.budget.max_macs
            == looser[0][1]
        )


def test_a_budget_may_be_as_large_as_the_device_or_left_to_it(
    content: dict[str, Any], devices: Path
) -> None:
    limits = dict(parse_params(content, devices.parent).device.part(HardLimits))
    for budget in (limits, dict.fromkeys(limits)):
        content["sweep"]["budget"] = budget
        assert dict(parse_params(content, devices.parent).sweep.budget) == budget


@pytest.mark.parametrize(
    ("old", "new"),
    [
        *(
            (f"{section}.lesson", f"{section}.distillation")
            for section in ("sweep", "prune", "quantize")
        ),
        ("report.calibration_bins", "evaluate.calibration_bins"),
        ("report.importance_shuffles", "sweep.importance_shuffles"),
        ("retrain.max_kept", "retrain.max_archived"),
    ],
)
def test_a_key_of_an_older_version_is_refused_with_its_new_name(
    content: dict[str, Any], old: str, new: str
) -> None:
    section, name = old.split(".")
    message = f"{old} is not a parameter. It is called {new} now. Known here: "
    with pytest.raises(ParamsError, match=re.escape(message)):
        overlaid(content, {section: {name: 1}})
    here, key = new.split(".")
    content[section][name] = content[here].pop(key)
    lines = refusal(content).splitlines()
    assert f"{new} is missing. Add it to params.yaml." in lines
    assert [line for line in lines if line.startswith(message)]


def test_limits_in_the_place_of_a_devices_name_are_refused_with_their_new_place(
    content: dict[str, Any],
) -> None:
    content["device"] = {"max_macs": 12_000_000}
    assert refusal(content) == (
        "device must be the name of a device, got {'max_macs': 12000000}. Its limits stand in "
        "devices/NAME.yaml now, and tighter ones of the search in sweep.budget. Known here: wearable. "
        "A device is a file devices/NAME.yaml."
    )
