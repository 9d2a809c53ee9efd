"""The versions of the packages that decide numbers."""

import re
from collections.abc import Collection
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from litesmith.errors import ContractError, MachineError
from litesmith.files import read_yaml, write_text, yaml_text
from tasks import catalog
from tasks.dag.closure import PACKAGES

_HEADER = (
    "# Written by `make lock` from requirements.lock. "
    "Steps whose numbers depend on a package name it as a parameter.\n"
)


def render(lock: str) -> str:
    """Return the text of ``versions.yaml`` for the text of a requirements lock.

    Raises:
        MachineError: The lock pins a package of `PACKAGES` not at all, or differently by Python version.
    """
    pins = {
        name: sorted(set(re.findall(rf"^{name}==(\S+)", lock, re.MULTILINE)))
        for name in PACKAGES.values()
    }
    unclear = {name: versions for name, versions in pins.items() if len(versions) != 1}
    if unclear:
        raise MachineError(
            f"requirements.lock must pin one version of each numeric package, got {unclear}."
        )
    return _HEADER + yaml_text({name: pins[name][0] for name in sorted(pins)})


def write(root: Path) -> None:
    """Write ``versions.yaml`` below ``root`` from the lock beside it."""
    write_text(root / catalog.VERSIONS, _rendered(root))


def _rendered(root: Path) -> str:
    return render((root / "requirements.lock").read_text(encoding="utf-8"))


def check(root: Path) -> None:
    """Compare ``versions.yaml`` with the lock.

    Raises:
        ContractError: It is not what `write` would write.
    """
    if (root / catalog.VERSIONS).read_text(encoding="utf-8") != _rendered(root):
        raise ContractError(
            "versions.yaml is not what requirements.lock says. Run `python -m tasks versions`."
        )


def check_installed(names: Collection[str], root: Path) -> dict[str, str]:
    """Return the installed version of each distribution in ``names``.

    Raises:
        MachineError: One is missing or is not the version that ``versions.yaml`` records.
        ParamsError: ``versions.yaml`` is missing or not YAML.
        ContractError: It records no version of one.
    """
    recorded = read_yaml(root / catalog.VERSIONS)
    unknown = [
        name
        for name in names
        if not isinstance(recorded, dict) or not isinstance(recorded.get(name), str)
    ]
    if unknown:
        raise ContractError(
            f"versions.yaml records no version of {', '.join(unknown)}. "
            "`python -m tasks versions` writes it anew."
        )
    installed = {name: _installed(name) for name in names}
    wrong = [
        f"{name} {here or 'is missing'}"
        for name, here in installed.items()
        if here != recorded.get(name)
    ]
    if wrong:
        wanted = ", ".join(f"{name} {recorded[name]}" for name in names)
        raise MachineError(
            f"installed: {', '.join(wrong)}; versions.yaml says {wanted}. Run `make install`."
        )
    return {name: here for name, here in installed.items() if here}


def _installed(name: str) -> str | None:
    try:
        return version(name)
    except PackageNotFoundError:
        return None
