"""Reading parameters, and laying overlays over them."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from pydantic import ValidationError

from litesmith.errors import ParamsError
from litesmith.files import read_yaml
from litesmith.params.everything import Params
from litesmith.params.explain import explain, not_a_section, short, unknown

# A mapping as YAML's reader gives it, unchecked.
Yaml = dict[str, Any]


def read_params(path: Path) -> Params:
    """Read and check a ``params.yaml``.

    Args:
        path: The file.

    Raises:
        ParamsError: The file is missing or not YAML in UTF-8, a key is unknown or missing, or a value is
            out of its bounds.
    """
    return parse_params(read_sections(path))


def read_sections(path: Path) -> Yaml:
    """Read a file with parameters, all of them or a part, unchecked.

    Raises:
        ParamsError: The file is missing, not YAML in UTF-8, or holds no mapping.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise ParamsError(f"{path} must hold a mapping like that of params.yaml, got {short(content)}.")
    return content


def parse_params(content: object) -> Params:
    """Check a mapping like ``params.yaml`` and return it typed.

    Raises:
        ParamsError: Every wrong key and value, one a line, with the value received and what was
            expected.
    """
    try:
        return Params.model_validate(content)
    except ValidationError as error:
        lines = sorted({explain(detail) for detail in error.errors()})
        raise ParamsError("\n".join(lines)) from error


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
