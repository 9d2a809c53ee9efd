"""The errors a caller can do something about, one class for each thing to do."""

import difflib
from collections.abc import Iterable, Mapping


class LitesmithError(Exception):
    """Base of every error that litesmith raises on purpose.

    Its text says what happened, what was expected and how to fix it, and is shown without a traceback.
    """


class ParamsError(LitesmithError):
    """A file of parameters cannot be read, or a value in it or on the command line is unknown or out of range."""


class DataError(LitesmithError):
    """A data file is broken or not what it claims to be: replace it."""


class RefusedError(DataError):
    """The data can be read but failed a critical expectation: look at the refusal page."""


class SourcesError(LitesmithError):
    """No source of the data set could serve it: repair the network or name a mirror."""


class ContractError(LitesmithError):
    """A step broke its promise about the files it reads or writes: correct the step or its inputs."""


class DivergedError(LitesmithError):
    """A training lost its way, its loss is not a number any more: lower the learning rate."""


class BusyError(LitesmithError):
    """Another run holds the workspace: wait for it or stop it."""


class MachineError(LitesmithError):
    """The machine lacks room, memory, a permission or a package: provide it."""


class ConversionError(LitesmithError):
    """A converted file does not do what its Keras model does: read which and why."""


def did_you_mean(word: object, known: Iterable[str]) -> str:
    """Return a sentence, with a space before it, that names the known word nearest to an unknown one.

    Args:
        word: What was written instead.
        known: The words that would do; of a mapping, each with how to name it.

    Returns:
        Nothing if none is near.
    """
    names = known if isinstance(known, Mapping) else {name: name for name in known}
    folded = {name.casefold(): name for name in names}
    near = difflib.get_close_matches(str(word).casefold(), folded, n=1)
    return f" Did you mean {names[folded[near[0]]]}?" if near else ""
