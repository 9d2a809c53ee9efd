import os
import re
import shutil
from pathlib import Path
from typing import Any

import pytest

from litesmith.device.limits import search_limits
from litesmith.errors import ParamsError
from litesmith.files import read_yaml, write_text, yaml_text
from litesmith.params.loading import parse_params, read_params
from litesmith.params.sections.device import HardLimits
from tasks.profiles import laid, profile_names, profile_overlays, profile_title
from tasks.workspace import make_workspace, open_workspace, workspace_folder

ROOT = Path(__file__).parents[2]
NAMES = sorted(path.stem for path in (ROOT / "profiles").glob("*.yaml"))


@pytest.fixture
def project(tmp_path: Path) -> Path:
    """A project with the real parameters and profiles."""
    folder = tmp_path / "project"
    folder.mkdir()
    for name in ("params.yaml", "versions.yaml"):
        shutil.copy(ROOT / name, folder)
    write_text(folder / "dvc.yaml", "stages: {}\n")
    for name in ("profiles", "devices", "datasets"):
        shutil.copytree(ROOT / name, folder / name)
    return folder


def refusal(project: Path, chosen: Any) -> str:
    with pytest.raises(ParamsError) as caught:
        laid(project, *profile_overlays(project, chosen))
    return str(caught.value)


@pytest.mark.parametrize("name", NAMES)
def test_every_profile_gives_valid_parameters(project: Path, tmp_path: Path, name: str) -> None:
    folder = make_workspace(tmp_path / name, project, *profile_overlays(project, name))
    params = read_params(folder / "params.yaml")
    assert params.dataset.synthetic is (name == "synthetic")
    assert params.report.profile == name


def test_several_are_laid_over_each_other_in_their_order(project: Path) -> None:
    write_text(project / "profiles/long.yaml", "baseline:\n  epochs: 9\nseed: 5\n")
    orders = (["quick", "long"], ["long", "quick"])
    first, second = (
        parse_params(laid(project, *profile_overlays(project, order)), ROOT) for order in orders
    )
    assert (first.baseline.epochs, first.sweep.num_trials, first.seed) == (9, 4, 5)
    assert (second.baseline.epochs, second.sweep.num_trials, second.seed) == (1, 4, 5)
    assert (first.report.profile, second.report.profile) == ("quick+long", "long+quick")


def test_the_old_name_of_the_synthetic_profile_is_refused_with_the_new_one(project: Path) -> None:
    text = "'drawn' is not a profile. It is called synthetic now. Known here: nightly, portable, quick"
    assert refusal(project, ["quick", "drawn"]).startswith(text)


def test_a_profile_may_name_another_device_and_a_budget(project: Path, tmp_path: Path) -> None:
    limits = read_yaml(project / "devices/wearable.yaml")
    write_text(project / "devices/gateway.yaml", yaml_text({**limits, "max_macs": 90_000_000}))
    overlay = {"device": "gateway", "sweep": {"budget": {"max_macs": 80_000_000}}}
    write_text(project / "profiles/large.yaml", yaml_text(overlay))
    params = read_params(open_workspace(project, "large") / "params.yaml")
    assert (params.device.name, params.device.max_macs) == ("gateway", 90_000_000)
    assert params.sweep.budget.max_macs == 80_000_000
    write_text(project / "profiles/large.yaml", yaml_text({**overlay, "device": "wearable"}))
    assert re.fullmatch(
        r"sweep\.budget\.max_macs is 80000000, more than the 26000000 of the device "
        r"\(devices/wearable\.yaml\)\..*\n\(params\.yaml with profile large laid over it\)",
        refusal(project, "large"),
    )
    write_text(project / "profiles/large.yaml", "device: {max_macs: 1}\n")
    assert "tighter ones of the search in sweep.budget" in refusal(project, "large")


def test_the_nightly_search_may_spend_what_the_device_has(project: Path) -> None:
    for chosen, most in ((None, 12_000_000), ("nightly", 26_000_000)):
        params = parse_params(laid(project, *profile_overlays(project, chosen)), project)
        limits = search_limits(params.device.part(HardLimits), params.sweep.budget)
        assert (limits.max_macs, limits.max_tflite_bytes) == (most, 100_000)


@pytest.mark.parametrize(
    "chosen", ["quick+synthetic", ["quick", "synthetic"], ("quick", "synthetic"), ["quick+synthetic"]]
)
def test_several_are_named_in_one_way_however_they_are_given(project: Path, chosen: Any) -> None:
    assert profile_names(chosen) == ("quick", "synthetic")
    assert profile_title(chosen) == "quick+synthetic"
    assert workspace_folder(project, chosen) == project / ".workspaces/quick+synthetic"


def test_each_choice_has_a_workspace_of_its_own(project: Path) -> None:
    choices = (
        None,
        [],
        "synthetic",
        "quick",
        ["quick", "synthetic"],
        ["synthetic", "quick"],
        ["quick", "synthetic", "portable"],
    )
    folders = [workspace_folder(project, chosen) for chosen in choices]
    assert folders[:4] == [project, project, project / ".offline", project / ".workspaces/quick"]
    assert len(set(folders)) == 6


def test_a_workspace_holds_the_parameters_of_all_its_profiles(project: Path) -> None:
    folder = open_workspace(project, ["quick", "synthetic"])
    params = read_params(folder / "params.yaml")
    assert (params.report.profile, params.baseline.epochs, params.dataset.synthetic) == (
        "quick+synthetic",
        1,
        True,
    )
    assert open_workspace(project, []) == project


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("../profiles/tiny", "it is a path"),
        ("a/b", "it is a path"),
        ("/etc/passwd", "it is a path"),
        ("a\\b", "it is a path"),
        ("..", "it begins with a dot"),
        (".", "it begins with a dot"),
        (".hidden", "it begins with a dot"),
        ("", "it is empty"),
        ("  ", "it is empty"),
        ("quick+", "it is empty"),
        ("quick++synthetic", "it is empty"),
        (" quick", "it begins or ends with a space"),
        ("a\nb", "it has a character that cannot be shown"),
        ("a\0b", "it has a character that cannot be shown"),
        ("\udcc3", "it has a character that cannot be shown"),
    ],
)
def test_a_name_that_is_none_is_refused_and_makes_no_folder(
    project: Path, name: str, wrong: str
) -> None:
    before = sorted(project.parent.rglob("*"))
    for act in (workspace_folder, open_workspace, profile_overlays):
        with pytest.raises(
            ParamsError, match=rf"is not the name of a profile: {wrong}\. .*NAME alone is given"
        ):
            act(project, name)
    assert sorted(project.parent.rglob("*")) == before


def test_a_name_too_long_for_a_folder_is_refused() -> None:
    assert profile_names("é" * 100) == ("é" * 100,)
    for chosen in ("é" * 101, ["a" * 120, "b" * 120], "x" * 100_000):
        with pytest.raises(
            ParamsError, match=r"is too long for a profile's name: .* 200 bytes are the limit, got"
        ):
            profile_names(chosen)


@pytest.mark.parametrize("chosen", [[None], [1], {"a": 1}, [["quick"]]])
def test_what_is_no_text_is_refused(chosen: Any) -> None:
    if isinstance(chosen, dict):
        chosen = [chosen]
    with pytest.raises(
        ParamsError, match=r"is not the name of a profile\. Give a name, or a list of names\."
    ):
        profile_names(chosen)


@pytest.mark.parametrize("chosen", [["quick", "quick"], "quick+synthetic+quick"])
def test_a_profile_given_twice_is_refused(chosen: Any) -> None:
    with pytest.raises(
        ParamsError, match=r"profile 'quick' is given twice\. Name each once, the one that has the last"
    ):
        profile_names(chosen)


def test_what_stands_in_the_place_of_a_profile_is_named(project: Path) -> None:
    (project / "profiles/folder.yaml").mkdir()
    (project / "profiles/dangling.yaml").symlink_to("nowhere.yaml")
    os.mkfifo(project / "profiles/pipe.yaml")
    assert "profiles/folder.yaml is a folder, and a YAML file was expected" in refusal(project, "folder")
    assert "profiles/dangling.yaml is a link to nowhere.yaml, which is missing" in refusal(
        project, "dangling"
    )
    assert "profiles/pipe.yaml is a pipe or a device" in refusal(project, "pipe")
    known = refusal(project, "foldr")
    assert "Known here: " in known and not {"folder", "dangling", "pipe"} & set(
        known.replace(",", " ").split()
    )


def test_an_unknown_profile_is_refused_with_the_nearest_and_the_known_ones(project: Path) -> None:
    message = refusal(project, ["quick", "nightley"])
    assert message.startswith(
        "'nightley' is not a profile. Did you mean nightly? Known here: nightly, portable, quick,"
    )


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (
            "sweep:\n",
            "mine.yaml: sweep must be a section, a mapping of names to values, got null. Leave the key out",
        ),
        (
            "sweep: [1]\n",
            r"mine.yaml: sweep must be a section, a mapping of names to values, got \[1\]\.",
        ),
        ("sweep: 3\n", "mine.yaml: sweep must be a section, a mapping of names to values, got 3."),
        ("report:\n", "mine.yaml: report must be a section"),
        ("report: [profile]\n", "mine.yaml: report must be a section"),
        ("fetch: 1\n", "mine.yaml: fetch must be a section"),
        (
            "sweep:\n  augmentations: 1\n",
            "mine.yaml: sweep.augmentations must be a section",
        ),
        (
            "sweep:\n  num_trails: 3\n",
            r"mine.yaml: sweep.num_trails is not a .* Did you mean sweep.num_trials\?",
        ),
        ("1: 2\nnull: 3\n", "mine.yaml: 1 is not a parameter"),
        ("- seed\n", r"mine.yaml must hold a mapping like that of params.yaml, got \['seed'\]"),
        ("seed\n", "mine.yaml must hold a mapping like that of params.yaml, got 'seed'"),
        ("null\n", "mine.yaml must hold a mapping like that of params.yaml, got null"),
        ("", "mine.yaml must hold a mapping like that of params.yaml, got null"),
        (
            "sweep:\n\tnum_trials: 3\n",
            "mine.yaml, line 2, is not valid YAML: .*Indent with spaces: this is a tab",
        ),
        (
            "quantize:\n  variants: null\n",
            r"(?s)quantize.variants should be a valid list, got null.*profile mine laid over it",
        ),
        (
            "quantize:\n  variants: [null]\n",
            "(?s)quantize.variants.0 should be a valid string, got null",
        ),
        (
            "dataset: nowhere\n",
            "(?s)dataset must be the name of a data set, got 'nowhere'.*mine laid over",
        ),
        ("sweep:\n  rungs: [{num_images: 1, rows: 2}]\n", "sweep.rungs.0.rows is not a parameter"),
        ("sweep:\n  rungs: [3]\n", "sweep.rungs.0 must be a section"),
        ("seed: 1.5\n", r"(?s)seed .*got 1\.5.*\(params.yaml with profile mine laid over it\)"),
    ],
)
def test_a_profile_that_is_wrong_is_named_with_what_is_wrong(
    project: Path, content: str, message: str
) -> None:
    write_text(project / "profiles/mine.yaml", content)
    with pytest.raises(ParamsError, match=message):
        laid(project, *profile_overlays(project, "mine"))
    with pytest.raises(ParamsError):
        open_workspace(project, "mine")
    assert not (project / ".workspaces").exists()


@pytest.mark.parametrize(
    "content", ["", "null", "[]", "seed", "dataset: null", "fetch: []", "report: 3"]
)
def test_parameters_that_are_no_sections_are_refused_with_a_profile_over_them_too(
    project: Path, content: str
) -> None:
    write_text(project / "params.yaml", content)
    for chosen in (None, "quick"):
        assert refusal(project, chosen)
