"""Profiles: overlays of ``params.yaml``, chosen by name, laid over each other in order."""

import os
from collections.abc import Mapping, Sequence
from pathlib import Path

from litesmith.errors import ParamsError, did_you_mean
from litesmith.params.loading import overlaid, parse_params, pinned, read_sections
from tasks import catalog

PROFILES = Path("profiles")

# One profile or several, as a command line or a deployment gives them: "quick", "quick+synthetic" or
# ["quick", "synthetic"].
Chosen = str | Sequence[str] | None

_JOINT = "+"
_RENAMED = {"drawn": " It is called synthetic now."}
# A workspace is a folder of that name, and systems take 255 bytes.
_MAX_BYTES = 200


def profile_names(chosen: Chosen) -> tuple[str, ...]:
    """Return the names of the chosen profiles in their order, none for None.

    Raises:
        ParamsError: What is given is no name of a profile, or names one twice, or no folder can be
            called that.
    """
    given = [chosen] if isinstance(chosen, str) else list(chosen or ())
    names = tuple(_checked(name) for text in given for name in _text(text).split(_JOINT))
    twice = [name for name in dict.fromkeys(names) if names.count(name) > 1]
    if twice:
        raise ParamsError(
            f"profile {twice[0]!r} is given twice. Name each once, the one that has the last word last."
        )
    joined = _JOINT.join(names)
    if len(joined.encode("utf-8", "replace")) > _MAX_BYTES:
        raise ParamsError(
            f"{joined[:20]!r}... is too long for a profile's name: a workspace is called that, and "
            f"{_MAX_BYTES} bytes are the limit, got {len(joined)} characters."
        )
    return names


def profile_title(chosen: Chosen) -> str | None:
    """Return the joined names of profiles, such as ``quick+synthetic``.

    Raises:
        ParamsError: As `profile_names`.
    """
    return _JOINT.join(profile_names(chosen)) or None


def profile_overlays(project: Path, chosen: Chosen) -> list[dict[str, object]]:
    """Return what the profiles change, and what the report calls them.

    Raises:
        ParamsError: As `profile_names`; or there is no such profile, it is not a mapping in YAML, or it
            names a parameter that ``params.yaml`` does not have.
    """
    names = profile_names(chosen)
    overlays = [_read(project, name) for name in names]
    return [*overlays, {"report": {"profile": profile_title(names)}}] if names else []


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


def _checked(name: str) -> str:
    """Return a name, or raise if it could lead elsewhere."""
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
    raise ParamsError(
        f"{name!r} is not the name of a profile: {wrong}. A profile is a file {PROFILES}/NAME.yaml, and "
        f"NAME alone is given; `{_JOINT}` stands between several."
    )
