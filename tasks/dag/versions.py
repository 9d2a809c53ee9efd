"""The versions of the packages that decide numbers: written from the lock, an input of the steps that use them."""

import re
from collections.abc import Iterable
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import yaml

from litesmith.errors import ContractError, MachineError
from litesmith.files import write_text
from tasks import catalog
from tasks.dag.closure import PACKAGES

_HEADER = (
    "# Written by `make lock` from requirements.lock. Steps whose numbers depend on a package name it as a parameter.\n"
)


def render(lock: str) -> str:
    """Return the text of ``versions.yaml`` for the text of a requirements lock.

    Raises:
        MachineError: The lock pins a package of `PACKAGES` not at all, or differently by Python version.
    """
    pins = {name: sorted(set(re.findall(rf"^{name}==(\S+)", lock, re.MULTILINE))) for name in PACKAGES.values()}
    unclear = {name: found for name, found in pins.items() if len(found) != 1}
    if unclear:
        raise MachineError(f"requirements.lock must pin one version of each numeric package, got {unclear}.")
    return _HEADER + yaml.safe_dump({name: found[0] for name, found in pins.items()})


def write(root: Path) -> None:
    """Write ``versions.yaml`` below ``root`` from the lock beside it."""
    write_text(root / catalog.VERSIONS, render((root / "requirements.lock").read_text()))


def check(root: Path) -> None:
    """Compare ``versions.yaml`` with the lock.

    Raises:
        ContractError: It is not what `write` would write.
    """
    if (root / catalog.VERSIONS).read_text() != render((root / "requirements.lock").read_text()):
        raise ContractError("versions.yaml is not what requirements.lock says. Run `python -m tasks versions`.")


def check_installed(names: Iterable[str], root: Path) -> dict[str, str]:
    """Return the installed version of each distribution in ``names``.

    Raises:
        MachineError: One is missing or is not the version that ``versions.yaml`` records.
    """
    recorded = yaml.safe_load((root / catalog.VERSIONS).read_text())
    installed = {name: _installed(name) for name in names}
    wrong = [f"{name} {found or 'is missing'}" for name, found in installed.items() if found != recorded[name]]
    if wrong:
        wanted = ", ".join(f"{name} {recorded[name]}" for name in names)
        raise MachineError(f"installed: {', '.join(wrong)}; versions.yaml says {wanted}. Run `make install`.")
    return {name: found for name, found in installed.items() if found}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
