from importlib.metadata import version
from pathlib import Path

import pytest

from litesmith.errors import ContractError, MachineError, ParamsError
from litesmith.files import read_yaml, write_text, yaml_text
from tasks.commands.generated import FILES
from tasks.dag import versions

PROJECT = Path(__file__).parents[3]


def test_the_committed_file_is_what_the_lock_pins() -> None:
    FILES["versions"].check(PROJECT)


def test_a_stale_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "requirements.lock").write_text((PROJECT / "requirements.lock").read_text())
    (tmp_path / "versions.yaml").write_text("numpy: 0.1\n")
    with pytest.raises(ContractError, match=r"Run `python -m tasks versions`"):
        FILES["versions"].check(tmp_path)


def test_a_package_pinned_twice_is_refused(tmp_path: Path) -> None:
    lock = (PROJECT / "requirements.lock").read_text() + "\nnumpy==1.0 ; python_version < '3.12'\n"
    (tmp_path / "requirements.lock").write_text(lock)
    with pytest.raises(
        MachineError, match=r"must pin one version of each numeric package, got \{'numpy'"
    ):
        versions.render(tmp_path)


def test_installed_versions_are_returned() -> None:
    assert versions.check_installed(["numpy"], PROJECT) == {"numpy": version("numpy")}


def test_another_version_than_recorded_is_refused(tmp_path: Path) -> None:
    recorded = read_yaml(PROJECT / "versions.yaml")
    write_text(tmp_path / "versions.yaml", yaml_text({**recorded, "numpy": "0.1"}))
    with pytest.raises(
        MachineError,
        match=rf"installed: numpy {version('numpy')}; .* has numpy 0\.1\. Run `make install`",
    ):
        versions.check_installed(["numpy"], tmp_path)


@pytest.mark.parametrize(
    "written", ["", "null", "[numpy]", "numpy", "scipy: '1'", "numpy: 2.4", "numpy: null", "1: 2"]
)
def test_a_file_that_records_no_version_is_refused(tmp_path: Path, written: str) -> None:
    write_text(tmp_path / "versions.yaml", written)
    with pytest.raises(
        ContractError, match=r"versions\.yaml records no version of numpy\. `python -m tasks versions`"
    ):
        versions.check_installed(["numpy"], tmp_path)


def test_a_file_that_cannot_be_read_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ParamsError, match=r"versions\.yaml is missing"):
        versions.check_installed(["numpy"], tmp_path)
    write_text(tmp_path / "versions.yaml", "numpy:\n\t2.4.6")
    with pytest.raises(ParamsError, match=r"versions\.yaml, line 2, is not valid YAML"):
        versions.check_installed(["numpy"], tmp_path)
