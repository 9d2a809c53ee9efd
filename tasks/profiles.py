"""The data set and the profiles of a run.

Profiles are overlays of ``params.yaml``, chosen by name, laid over each other in order.
"""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from litesmith.errors import ParamsError, did_you_mean
from litesmith.params.loading import (
    DATASETS,
    named_dataset,
    overlaid,
    parse_params,
    pinned,
    read_dataset,
    read_sections,
)
from tasks import catalog

PROFILES = Path("profiles")

# One profile or several, as a command line or a deployment gives them: "quick", "quick+synthetic" or
# ["quick", "synthetic"].
Chosen = str | Sequence[str] | None

_JOINT = "+"
_RENAMED = {"drawn": " It is called synthetic now."}
_IS_PROFILE = (
    f"a profile: {{wrong}}. A profile is a file {PROFILES}/NAME.yaml, and NAME alone is given; "
    f"`{_JOINT}` stands between several."
)
# A workspace is a folder of that name, and systems take 255 bytes.
_MAX_BYTES = 200


def profile_names(chosen: Chosen) -> tuple[str, ...]:
    """Return the names of the chosen profiles in their order, none for None.

    Raises:
        ParamsError: What is given is no name of a profile, or names one twice, or no folder can be
            called that.
    """
    given = [chosen] if isinstance(chosen, str) else list(chosen or ())
    names = tuple(
        checked_name(name, _IS_PROFILE) for text in given for name in _text(text).split(_JOINT)
    )
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ParamsError(
            f"profile {twice[0]!r} is given twice. Name each once, the one that has the last word last."
        )
    require_short(_JOINT.join(names), "for a profile's name")
    return names


def require_short(name: str, wrong: str) -> None:
    """Raise `ParamsError` if no workspace can be called that."""
    if len(name.encode("utf-8", "replace")) > _MAX_BYTES:
        raise ParamsError(
            f"{name[:20]!r}... is too long {wrong}: a workspace is called that, and {_MAX_BYTES} bytes "
            f"are the limit, got {len(name)} characters."
        )


def profile_title(chosen: Chosen) -> str | None:
    """Return the joined names of profiles, such as ``quick+synthetic``.

    Raises:
        ParamsError: As `profile_names`.
    """
    return _JOINT.join(profile_names(chosen)) or None


def chosen_dataset(project: Path, data: str | None) -> str | None:
    """Return the chosen data set, None for the project's own.

    Raises:
        ParamsError: ``data`` is no name, or ``params.yaml`` cannot be read.
    """
    if data is None:
        return None
    what = f"a data set: {{wrong}}. A data set is a file {DATASETS}/NAME.yaml, and NAME alone is given."
    name = checked_name(data, what)
    return None if name == named_dataset(read_sections(project / catalog.PARAMS)) else name


def profile_overlays(project: Path, chosen: Chosen, data: str | None = None) -> list[dict[str, object]]:
    """Return what data set and profiles change, and what the report calls them.

    Raises:
        ParamsError: As `profile_names` and `chosen_dataset`; or there is no such profile or data set, a
            profile is not a mapping in YAML, or names a parameter that ``params.yaml`` does not have, or
            another data set than ``data``.
    """
    names, dataset = profile_names(chosen), chosen_dataset(project, data)
    overlays = [_read(project, name) for name in names]
    for name, overlay in zip(names, overlays, strict=True):
        own = named_dataset(overlay)
        if data is not None and own not in (None, data):
            raise ParamsError(
                f"profile {name!r} is for the data set {own!r}, and {data!r} was chosen. Leave one of "
                f"them out, or copy {PROFILES}/{name}.yaml without its line `dataset`."
            )
    if dataset is not None:
        read_dataset(dataset, project)
        overlays = [{"dataset": dataset}, *overlays]
    shown = {"data": dataset, "profile": profile_title(names)}
    report: dict[str, object] = {key: value for key, value in shown.items() if value is not None}
    return [*overlays, {"report": report}] if report else overlays


def laid(project: Path, *overlays: Mapping[str, object]) -> dict[str, object]:
    """Return the content of ``params.yaml`` with overlays laid over it in their order, checked.

    What the data set pins lies between.

    Raises:
        ParamsError: A parameter is unknown, a value is out of its bounds, or a name is not registered.
    """
    from tasks.registries import require_registered

    content: dict[str, object] = read_sections(project / catalog.PARAMS)
    for overlay in overlays:
        content |= {key: name for key, name in overlay.items() if key == "dataset"}
    content = pinned(content, project)
    for overlay in overlays:
        content = overlaid(content, overlay)
    try:
        require_registered(parse_params(content, project))
    except ParamsError as error:
        report = overlays[-1].get("report") if overlays else None
        title = report.get("profile") if isinstance(report, Mapping) else None
        with_profile = f"\n(params.yaml with profile {title} laid over it)" if title else ""
        raise ParamsError(f"{error}{with_profile}") from error
    return content


def dataset_names(project: Path) -> list[str]:
    """Return the names of the data sets that the project describes."""
    return sorted(path.stem for path in (project / DATASETS).glob("*.yaml"))


def is_title(project: Path, title: str) -> bool:
    """Tell whether a text names profiles that the project has."""
    known = {path.stem for path in (project / PROFILES).glob("*.yaml")}
    return all(name in known for name in title.split(_JOINT))


def _read(project: Path, name: str) -> dict[str, object]:
    path = project / PROFILES / f"{name}.yaml"
    # Of a folder, a pipe or a link that leads nowhere with this name, reading says what it is.
    if not os.path.lexists(path):
        known = sorted(other.stem for other in path.parent.glob("*.yaml") if other.is_file())
        meant = _RENAMED.get(name) or did_you_mean(name, known)
        raise ParamsError(
            f"{name!r} is not a profile.{meant} Known here: {', '.join(known)}. "
            f"A profile is a file {PROFILES}/NAME.yaml."
        )
    overlay: dict[str, object] = read_sections(path)
    try:
        overlaid(read_sections(project / catalog.PARAMS), overlay)
    except ParamsError as error:
        raise ParamsError(f"{path}: {error}") from error
    return overlay


def _text(given: object) -> str:
    if not isinstance(given, str):
        raise ParamsError(f"{given!r} is not the name of a profile. Give a name, or a list of names.")
    return given


def checked_name(name: str, what: str) -> str:
    """Return a name that can be that of a file and leads nowhere else.

    Args:
        name: As given.
        what: What it should be the name of, with a place ``{wrong}`` for what is wrong with it.

    Raises:
        ParamsError: It is no such name.
    """
    if not name.strip():
        wrong = "it is empty"
    elif name != name.strip():
        wrong = "it begins or ends with a space"
    elif "/" in name or "\\" in name:
        wrong = "it is a path"
    elif name.startswith("."):
        wrong = "it begins with a dot"
    elif not name.isprintable():
        wrong = "it has a character that cannot be shown"
    else:
        return name
    raise ParamsError(f"{name!r} is not the name of {what.format(wrong=wrong)}")
