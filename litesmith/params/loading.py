"""Reading parameters, and laying overlays over them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from litesmith.errors import ParamsError, did_you_mean
from litesmith.files import read_yaml
from litesmith.params.everything import Params
from litesmith.params.explain import explain, not_a_section, short, unknown
from litesmith.params.sections.device import Device, DeviceParams

DEVICES = Path("devices")

# A mapping as YAML's reader gives it, unchecked.
Yaml = dict[str, Any]


def read_params(path: Path) -> Params:
    """Read and check a ``params.yaml`` and the file of its device.

    Raises:
        ParamsError: A file is missing or not YAML in UTF-8, or as `parse_params`.
    """
    return parse_params(read_sections(path), path.parent / DEVICES)


def read_sections(path: Path) -> Yaml:
    """Read a file with parameters, all of them or a part, unchecked.

    Raises:
        ParamsError: The file is missing, not YAML in UTF-8, or holds no mapping.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise ParamsError(f"{path} must hold a mapping like that of params.yaml, got {short(content)}.")
    return content


def parse_params(content: object, devices: Path) -> Params:
    """Check a mapping like ``params.yaml`` and return it typed.

    Args:
        content: The mapping, whose ``device`` is a name.
        devices: The folder of the devices' files.

    Raises:
        ParamsError: Every wrong key and value, one a line, with the value received and what was
            expected.
    """
    lines = set[str]()
    match content:
        case {"device": name, **others}:
            try:
                content = {**others, "device": read_device(name, devices)}
            except ParamsError as error:
                content = {**others, "device": None}
                lines.add(str(error))
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        # Of a name that leads to no device, the message is there already.
        explained = {explain(detail) for detail in error.errors()}
        lines |= {line for line in explained if not (lines and line.startswith("device "))}
    if lines:
        raise ParamsError("\n".join(sorted(lines)))
    return params


def read_device(name: object, devices: Path) -> Device:
    """Return a device by the name of its file in ``devices``.

    Raises:
        ParamsError: There is no such device, or its file is wrong: every wrong key and value.
    """
    known = sorted(path.stem for path in devices.glob("*.yaml"))
    listed = f"Known here: {', '.join(known) or 'none'}. A device is a file {DEVICES}/NAME.yaml."
    if isinstance(name, Mapping):
        raise ParamsError(
            f"device must be the name of a device, got {short(name)}. Its limits stand in "
            f"{DEVICES}/NAME.yaml now, and tighter ones of the search in sweep.budget. {listed}"
        )
    if not isinstance(name, str) or name not in known:
        raise ParamsError(
            f"device must be the name of a device, got {short(name)}."
            f"{did_you_mean(name, known)} {listed}"
        )
    path = devices / f"{name}.yaml"
    try:
        return Device(name=name, **dict(DeviceParams.model_validate(read_sections(path))))
    except ValidationError as error:
        lines = sorted({explain(detail, DeviceParams, path.name) for detail in error.errors()})
        raise ParamsError("\n".join(f"{DEVICES}/{path.name}: {line}" for line in lines)) from error


def overlaid(
    base: Mapping[str, object], overlay: Mapping[str, object], within: tuple[str, ...] = ()
) -> Yaml:
    """Return ``base`` with the values of ``overlay``, section by section; lists are replaced whole.

    Args:
        base: All parameters, or one section of them.
        overlay: The values to change.
        within: Keys that lead to ``base``.

    Raises:
        ParamsError: The overlay names a key that the base does not have, or is no section where the base
            is one.
    """
    result = dict(base)
    for key, value in overlay.items():
        path = (*within, str(key))
        if key not in base:
            raise ParamsError(unknown(path, [str(name) for name in base]))
        section = base[key]
        if isinstance(section, Mapping):
            if not isinstance(value, Mapping):
                raise ParamsError(not_a_section(path, value))
            value = overlaid(section, value, path)
        result[key] = value
    return result
