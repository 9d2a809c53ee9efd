"""Versions of the packages that decide numbers."""

import re
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from litesmith.errors import ContractError, MachineError
from litesmith.files import read_yaml, yaml_text
from tasks import catalog
from tasks.dag.closure import PACKAGES

_HEADER = """\
# Written by `make lock` from requirements.lock. \
Steps whose numbers depend on a package name it as a parameter.
"""


def render(root: Path) -> str:
    """Return the text of ``versions.yaml`` for the requirements.lock below ``root``.

    Raises:
        MachineError: The lock pins a package of `PACKAGES` not at all, or differently by Python version.
    """
    lock, names = (root / "requirements.lock").read_text(encoding="utf-8"), sorted(PACKAGES.values())
    pins = {name: sorted(set(re.findall(rf"^{name}==(\S+)", lock, re.MULTILINE))) for name in names}
    if unclear := {name: versions for name, versions in pins.items() if len(versions) != 1}:
        raise MachineError(
            f"requirements.lock must pin one version of each numeric package, got {unclear}."
        )
    return _HEADER + yaml_text({name: pin for name, (pin,) in pins.items()})


def check_installed(names: Collection[str], root: Path) -> dict[str, str]:
    """Return the installed version of each distribution in ``names``.

    Raises:
        MachineError: One is missing or is not the version that ``versions.yaml`` records.
        ParamsError: ``versions.yaml`` is missing or not YAML.
        ContractError: It records no version of a package.
    """
    content = read_yaml(root / catalog.VERSIONS)
    recorded = {name: content.get(name) if isinstance(content, dict) else None for name in names}
    if unknown := [name for name, pin in recorded.items() if not isinstance(pin, str)]:
        raise ContractError(
            f"versions.yaml records no version of {', '.join(unknown)}. "
            "`python -m tasks versions` writes it again."
        )
    installed = {name: _installed(name) for name in names}
    if wrong := [f"{name} {pin}" for name, pin in installed.items() if pin != recorded[name]]:
        expected = ", ".join(f"{name} {pin}" for name, pin in recorded.items())
        raise MachineError(
            f"installed: {', '.join(wrong)}; versions.yaml has {expected}. Run `make install`."
        )
    return installed


def _installed(name: str) -> str:
    try:
        return version(name)
    except PackageNotFoundError:
        return "is missing"
