"""The errors a caller can act on, a class each."""

import difflib
from collections.abc import Iterable, Mapping


class LitesmithError(Exception):
    """An error that litesmith raises on purpose.

    Its text says what happened, what was expected and how to fix it, and is shown without a traceback.
    """


class ParamsError(LitesmithError):
    """A parameter is unknown, out of range or unreadable."""


class DataError(LitesmithError):
    """A data file is broken: replace it."""


class RefusedError(DataError):
    """The data failed a critical rule: look at the page."""


class InvalidError(RefusedError):
    """A candidate cannot be judged at all: look at the page."""


class SourcesError(LitesmithError):
    """No source serves the data: repair it or name one."""


class ContractError(LitesmithError):
    """A step broke its contract: correct it or its inputs."""


class DivergedError(LitesmithError):
    """A training's loss is not finite: lower the learning rate."""


class BusyError(LitesmithError):
    """Another run holds the workspace: wait or stop it."""


class MachineError(LitesmithError):
    """The machine lacks something, such as memory: provide it."""


class ReleaseError(LitesmithError):
    """A model was not put in service: the text says why."""


class ConversionError(LitesmithError):
    """A converted file differs from its Keras model."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return a hint at the known word nearest to another, or nothing.

    ``known`` may be a mapping from the words that would do to how each is named in the hint.
    """
    names = known if isinstance(known, Mapping) else {name: name for name in known}
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(str(word).casefold(), folded, n=1)
    return f" Did you mean {names[folded[near[0]]]}?" if near else ""
