"""Reading parameters, and laying overlays over them."""

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Generic

from pydantic import ValidationError

from litesmith.errors import ParamsError, did_you_mean
from litesmith.files import read_yaml
from litesmith.params.everything import Params
from litesmith.params.explain import explain, not_a_section, short, unknown
from litesmith.params.section import Part, Section
from litesmith.params.sections.dataset import Dataset, DatasetParams
from litesmith.params.sections.device import Device, DeviceParams

DATASETS = Path("datasets")
DEVICES = Path("devices")

# A mapping as YAML's reader gives it, unchecked.
Yaml = dict[str, Any]


def read_params(path: Path) -> Params:
    """Read and check a ``params.yaml`` and the files of its data set and device.

    Raises:
        ParamsError: A file is missing or not YAML in UTF-8, or as `parse_params`.
    """
    content = read_sections(path)
    return parse_params(pinned(content, path.parent), path.parent)


def read_sections(path: Path) -> Yaml:
    """Read a file with parameters, all of them or a part, unchecked.

    Raises:
        ParamsError: The file is missing, not YAML in UTF-8, or holds no mapping.
    """
    content = read_yaml(path)
    if not isinstance(content, dict):
        raise ParamsError(f"{path} must hold a mapping like that of params.yaml, got {short(content)}.")
    return content


def parse_params(content: object, root: Path) -> Params:
    """Check a mapping like ``params.yaml`` and return it typed.

    Args:
        content: The mapping, whose ``dataset`` and ``device`` are names. `pinned` lays over it what the
            data set pins.
        root: The folder that holds ``datasets/`` and ``devices/``.

    Raises:
        ParamsError: Every wrong key and value, one a line, with the value received and what was
            expected.
    """
    lines, unread = set[str](), set[str]()
    if isinstance(content, Mapping):
        content = dict(content)
        for key, read in (("dataset", read_dataset), ("device", read_device)):
            if key in content:
                try:
                    content[key] = read(content[key], root)
                except ParamsError as error:
                    content[key] = None
                    lines.add(str(error))
                    unread.add(key)
    try:
        params = Params.model_validate(content)
    except ValidationError as error:
        explained = {explain(detail) for detail in error.errors()}
        # Of a name that leads to no file, the message is there already.
        lines |= {line for line in explained if line.partition(" ")[0] not in unread}
    if lines:
        raise ParamsError("\n".join(sorted(lines)))
    return params


def pinned(content: Mapping[str, object], root: Path) -> Yaml:
    """Return parameters with what their data set pins laid over them.

    A data set that cannot be read pins nothing: `parse_params` says what is wrong with it.

    Raises:
        ParamsError: The data set pins a parameter that is unknown.
    """
    name = named_dataset(content)
    try:
        dataset = read_dataset(name, root)
    except ParamsError:
        return dict(content)
    overlay = {
        section: values
        for section, values in (("validate", dataset.thresholds), ("sweep", dataset.sweep))
        if values is not None
    }
    try:
        return overlaid(content, overlay)
    except ParamsError as error:
        raise ParamsError(f"{DATASETS}/{name}.yaml: {error}") from error


def named_dataset(content: Mapping[str, object]) -> object:
    """Return the data set that parameters name, or None."""
    return content.get("dataset")


def read_dataset(name: object, root: Path) -> Dataset:
    """Return a data set by the name of its file in ``datasets/`` below ``root``.

    Raises:
        ParamsError: There is no such data set, or its file is wrong: every wrong key and value.
    """
    return _read_named(name, root, _DATASET)


def read_device(name: object, root: Path) -> Device:
    """Return a device by the name of its file in ``devices/`` below ``root``.

    Raises:
        ParamsError: There is no such device, or its file is wrong: every wrong key and value.
    """
    return _read_named(name, root, _DEVICE)


@dataclass(frozen=True)
class _Kind(Generic[Part]):
    """A kind of file that ``params.yaml`` names, with what it holds.

    ``own_name`` is the field for the file's name; ``moved`` says where values went that once stood in
    ``params.yaml`` itself.
    """

    key: str
    noun: str
    folder: Path
    holds: type[Section]
    named: type[Part]
    own_name: str
    moved: str


_DATASET = _Kind(
    "dataset", "data set", DATASETS, DatasetParams, Dataset, "key",
    "What it is and where it comes from stand in datasets/NAME.yaml now.",
)  # fmt: skip
_DEVICE = _Kind(
    "device", "device", DEVICES, DeviceParams, Device, "name",
    "Its limits stand in devices/NAME.yaml now, and tighter ones of the search in sweep.budget.",
)  # fmt: skip


def _read_named(name: object, root: Path, kind: _Kind[Part]) -> Part:
    known = sorted(path.stem for path in (root / kind.folder).glob("*.yaml"))
    must = f"{kind.key} must be the name of a {kind.noun}, got {short(name)}."
    listed = (
        f"Known here: {', '.join(known) or 'none'}. A {kind.noun} is a file {kind.folder}/NAME.yaml."
    )
    if isinstance(name, Mapping):
        raise ParamsError(f"{must} {kind.moved} {listed}")
    if not isinstance(name, str) or name not in known:
        raise ParamsError(f"{must}{did_you_mean(name, known)} {listed}")
    path = root / kind.folder / f"{name}.yaml"
    try:
        content = kind.holds.model_validate(read_sections(path))
    except ValidationError as error:
        lines = sorted({explain(detail, kind.holds, path.name) for detail in error.errors()})
        raise ParamsError("\n".join(f"{kind.folder}/{path.name}: {line}" for line in lines)) from error
    return kind.named.model_validate({**dict(content), kind.own_name: name})


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
