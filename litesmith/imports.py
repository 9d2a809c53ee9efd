"""Imports of other libraries without what they can do without."""

import sys
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

_GRAMMARS = "rfc3987_syntax"


@contextmanager
def without_grammars() -> Iterator[None]:
    """Let imports find no grammars of addresses, unless they are imported already.

    ``jsonschema``, which Prefect and Great Expectations import, builds 38 grammars for formats that
    nothing here uses, and does without where they are not installed. They take a third of all that the
    two import, and half a second to a second and a half of each process.
    """
    modules: dict[str, Any] = sys.modules
    modules.setdefault(_GRAMMARS, None)  # None: not to be found
    try:
        yield
    finally:
        if modules[_GRAMMARS] is None:
            del modules[_GRAMMARS]
