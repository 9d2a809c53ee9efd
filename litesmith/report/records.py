"""Read recorded results without failing on what is absent: say where it should have been instead."""

from collections.abc import Iterator
from typing import Any

from markupsafe import Markup


class Absent:
    """Stands for a value that an input does not hold; whatever is asked of it is absent as well."""

    def __init__(self, reason: str) -> None:
        """Remember ``reason``, a sentence for the reader of the page."""
        self.reason = reason

    def __bool__(self) -> bool:
        """Count as false, so that an absent list is an empty one."""
        return False

    def __getitem__(self, key: object) -> "Absent":
        """Return itself: what lies below an absent value is absent for the same reason."""
        return self

    def __iter__(self) -> Iterator[Any]:
        """Yield nothing."""
        return iter(())

    def __len__(self) -> int:
        """Return 0."""
        return 0

    def items(self) -> list[tuple[str, Any]]:
        """Return no pairs."""
        return []

    def optional(self, key: str) -> "Absent":
        """Return itself, as for any other key."""
        return self

    def __str__(self) -> str:
        """Return what stands in a table cell."""
        return "n/r"

    def __html__(self) -> str:
        """Return what stands in a sentence of HTML; where it stands alone, `Records.mark` numbers its reason."""
        return Markup('<abbr class="absent" title="{}">n/r</abbr>').format(self.reason)


class Incomparable(Absent):
    """Stands for something that is there but cannot be read as what was asked for."""


class Record:
    """A mapping or list out of a JSON file, that hands out `Absent` for what it does not hold or holds as null.

    Args:
        content: The mapping or list.
        file: The file's name, for the reasons.
        absences: Collects, in the order of asking and shared by everything read from one page's inputs, the reason for
            each value that was asked for and absent.
    """

    def __init__(self, content: Any, file: str, absences: dict[str, Absent], path: str = "") -> None:
        """Wrap ``content``, found in ``file`` at ``path``."""
        self._content, self._file, self._absences, self._path = content, file, absences, path

    def __getitem__(self, key: str | int) -> Any:
        """Return the value: a scalar as it is, a mapping or list as a `Record`, or `Absent`."""
        path = f"{self._path}.{key}" if self._path else str(key)
        try:
            value = self._content[key]
        except (LookupError, TypeError):
            reason = f"{self._file} holds no {path}"
            return self._absences.setdefault(reason, Absent(reason))
        if value is None:
            reason = f"{self._file} says null for {path}"
            return self._absences.setdefault(reason, Absent(reason))
        return self._wrapped(value, path)

    def optional(self, key: str) -> Any:
        """Return a value that may rightly not be there, and then None."""
        value = (self._content or {}).get(key)
        return None if value is None else self[key]

    def __iter__(self) -> Iterator[Any]:
        """Yield the items of a list, or the keys of a mapping."""
        if isinstance(self._content, dict):
            return iter(self._content)
        return (self[position] for position in range(len(self._content)))

    def __len__(self) -> int:
        """Return the number of items."""
        return len(self._content)

    def __contains__(self, key: object) -> bool:
        """Tell whether a key or item is there, without noting it as absent."""
        return key in self._content

    def items(self) -> list[tuple[str, Any]]:
        """Return the pairs of a mapping."""
        return [(key, self[key]) for key in self._content] if isinstance(self._content, dict) else []

    @property
    def plain(self) -> Any:
        """The content itself."""
        return self._content

    def _wrapped(self, value: Any, path: str) -> Any:
        return (
            Record(value, self._file, self._absences, path) if isinstance(value, dict | list) else value
        )


def plain(value: Any, otherwise: Any) -> Any:
    """Return what a `Record` holds or a value itself, and ``otherwise`` for an absent one."""
    if isinstance(value, Absent) or value is None:
        return otherwise
    return value.plain if isinstance(value, Record) else value


def first_absent(*values: Any) -> Absent | None:
    """Return the first absent one of ``values``, if any is; a number computed from them is absent for its reason."""
    return next((value for value in values if isinstance(value, Absent)), None)
